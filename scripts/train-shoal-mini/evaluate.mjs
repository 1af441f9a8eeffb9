// Evaluates the exported model the way the project runs it: onnxruntime-node + sharp + @huggingface/tokenizers.
//   NPM=run/npm node evaluate.mjs [model dir] [out.json]
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const NPM = process.env.NPM ?? '.',
  require = createRequire(path.resolve(NPM, 'x.js'))
const sharp = require('sharp'),
  ort = require('onnxruntime-node'),
  { Tokenizer } = require('@huggingface/tokenizers')
const DIR = process.argv[2] ?? 'out/shoal-mini',
  OUTF = process.argv[3] ?? 'out/eval.json',
  DATA = process.env.DATA ?? 'run/data',
  FLICKR = process.env.FLICKR ?? 'assets/flickr8k_full'
const J = (f) => JSON.parse(fs.readFileSync(f, 'utf8'))
const tok = new Tokenizer(J(`${DIR}/tokenizer.json`), J(`${DIR}/tokenizer_config.json`)),
  PC = J(`${DIR}/preprocessor_config.json`),
  opt = { intraOpNumThreads: 1, interOpNumThreads: 1 }
const V = await ort.InferenceSession.create(`${DIR}/onnx/vision_model.onnx`, opt),
  T = await ort.InferenceSession.create(`${DIR}/onnx/text_model.onnx`, opt)
const D = J(`${DIR}/config.json`).projection_dim,
  S = PC.crop_size.height
const prep = async (f) => {
  const b = await sharp(f)
    .flatten({ background: '#fff' })
    .toColourspace('srgb')
    .resize(S, S, { fit: 'cover', kernel: 'cubic' })
    .removeAlpha()
    .raw()
    .toBuffer()
  const x = new Float32Array(3 * S * S),
    n = S * S
  for (let i = 0; i < n; i++)
    for (let c = 0; c < 3; c++) x[c * n + i] = (b[i * 3 + c] / 255 - PC.image_mean[c]) / PC.image_std[c]
  return x
}
const images = async (fs_) => {
  const o = []
  for (let b = 0; b < fs_.length; b += 16) {
    const xs = await Promise.all(fs_.slice(b, b + 16).map(prep)),
      t = new Float32Array(xs.length * 3 * S * S)
    for (const [i, x] of xs.entries()) t.set(x, i * 3 * S * S)
    const e = (await V.run({ pixel_values: new ort.Tensor('float32', t, [xs.length, 3, S, S]) })).image_embeds
      .data
    for (let i = 0; i < xs.length; i++) o.push(e.slice(i * D, i * D + D))
  }
  return o
}
const encode = (s) => {
  let ids = tok.encode(s).ids.map(Number)
  if (ids.length > 77) ids = [...ids.slice(0, 76), 2]
  return ids
}
const texts = async (ts) => {
  const o = []
  for (let b = 0; b < ts.length; b += 64) {
    const es = ts.slice(b, b + 64).map(encode),
      L = Math.max(...es.map((e) => e.length)),
      I = new BigInt64Array(es.length * L),
      M = new BigInt64Array(es.length * L)
    for (const [i, e] of es.entries()) {
      for (const [k, x] of e.entries()) {
        I[i * L + k] = BigInt(x)
        M[i * L + k] = 1n
      }
    }
    const r = (
      await T.run({
        input_ids: new ort.Tensor('int64', I, [es.length, L]),
        attention_mask: new ort.Tensor('int64', M, [es.length, L]),
      })
    ).text_embeds.data
    for (let i = 0; i < es.length; i++) o.push(r.slice(i * D, i * D + D))
  }
  return o
}
const dot = (a, b) => {
  let d = 0
  for (let i = 0; i < D; i++) d += a[i] * b[i]
  return d
}
const q = (a, p) => {
    a = Float64Array.from(a).sort()
    return +a[Math.floor(p * (a.length - 1))].toFixed(4)
  },
  dist = (a) => ({ n: a.length, p5: q(a, 0.05), p50: q(a, 0.5), p95: q(a, 0.95) }),
  pc = (x) => +(100 * x).toFixed(1)
const bal = (pos, neg, t) =>
  (pos.filter((v) => v >= t).length / pos.length + neg.filter((v) => v < t).length / neg.length) / 2
const best = (pos, neg) => {
  let b = 0,
    bt = 0
  for (let t = -0.3; t < 0.95; t += 0.005) {
    const a = bal(pos, neg, t)
    if (a > b + 1e-9) {
      b = a
      bt = t
    }
  }
  return +bt.toFixed(3)
}
const auc = (pos, neg) => {
  const n = Float64Array.from(neg).sort()
  let s = 0
  for (const p of pos) {
    let lo = 0,
      hi = n.length
    while (lo < hi) {
      const m = (lo + hi) >> 1
      if (n[m] < p) lo = m + 1
      else hi = m
    }
    s += lo
  }
  return +(s / pos.length / n.length).toFixed(4)
}
const at = (pos, neg, t) => ({
  threshold: t,
  balanced_accuracy: pc(bal(pos, neg, t)),
  matched_kept: pc(pos.filter((v) => v >= t).length / pos.length),
  mismatched_kept: pc(neg.filter((v) => v >= t).length / neg.length),
})
const ver = (p) => J(path.join(NPM, 'node_modules', p, 'package.json')).version
const R = {
  model: path.basename(DIR),
  when: new Date().toISOString(),
  runtime:
    'onnxruntime-node ' +
    ver('onnxruntime-node') +
    ', sharp ' +
    ver('sharp') +
    ', @huggingface/tokenizers ' +
    ver('@huggingface/tokenizers'),
}
// (a) Flickr8k
const split = J(process.env.SPLIT ?? 'assets/test_split.json'),
  caps = {}
fs.readFileSync(process.env.CAPTIONS ?? 'assets/flickr8k_meta/ignore_captions.txt', 'utf8')
  .split('\n')
  .slice(1)
  .forEach((l) => {
    const k = l.indexOf(',')
    if (k > 0)
      (caps[l.slice(0, k)] ??= []).push(
        l
          .slice(k + 1)
          .trim()
          .replace(/^"|"$/g, '')
          .trim(),
      )
  })
const photos = async (names) => {
  const I = await images(names.map((n) => `${FLICKR}/${n}`)),
    Tt = await texts(names.map((n) => caps[n][0]))
  let r1 = 0,
    r5 = 0,
    i1 = 0,
    i5 = 0
  const pos = [],
    neg = [],
    all = []
  names.forEach((_n, i) => {
    const s = I.map((e) => dot(e, Tt[i])),
      rk = s.filter((v) => v > s[i]).length
    r1 += rk < 1
    r5 += rk < 5
    const s2 = Tt.map((e) => dot(e, I[i])),
      k2 = s2.filter((v) => v > s2[i]).length
    i1 += k2 < 1
    i5 += k2 < 5
    pos.push(s[i])
    neg.push(s[(i + 37) % names.length])
    s.forEach((v, j) => {
      if (j !== i) all.push(v)
    })
  })
  return {
    I,
    pos,
    neg,
    all,
    t2i: { r1: pc(r1 / names.length), r5: pc(r5 / names.length) },
    i2t: { r1: pc(i1 / names.length), r5: pc(i5 / names.length) },
  }
}
const fv = await photos(split.slice(300, 600)),
  ft = await photos(split.slice(0, 300))
// (b)(c) icons
const IJ = J(`${DATA}/icons.json`),
  C = IJ.concepts,
  CT = await texts(C.map((c) => c.name)),
  evs = IJ.items.filter((i) => i.eval),
  IE = await images(evs.map((i) => `${DATA}/eval_icons/${i.eval}`))
const unseen = [...new Set(evs.filter((i) => i.split === 'unseen_name').map((i) => i.concept))]
const _G = {}
evs.forEach((it, k) => {
  it.s = CT.map((t) => dot(IE[k], t))
  const p = it.s[it.concept]
  it.pos = p
  it.rank = it.s.filter((v) => v > p).length
  it.rankU = it.split === 'unseen_name' ? unseen.filter((c) => it.s[c] > p).length : null
  it.kind = C[it.concept].kind
  const same = C.filter((c) => c.kind === it.kind)
  it.rankK = same.filter((c) => it.s[c.id] > p).length
  it.neg = it.s[(it.concept * 7919 + 1237 + k * 31) % C.length]
  it.negs = Array.from(
    { length: 20 },
    (_, z) => it.s[(it.concept + 1 + ((k * 131 + z * 257) % (C.length - 1))) % C.length],
  )
  const hard = same[(k * 7 + 3) % same.length]
  it.negK = hard.id === it.concept ? it.neg : it.s[hard.id]
})
const summary = (xs) => {
  const o = {
    n: xs.length,
    r1: pc(xs.filter((x) => x.rank < 1).length / xs.length),
    r5: pc(xs.filter((x) => x.rank < 5).length / xs.length),
    matched: dist(xs.map((x) => x.pos)),
    mismatched: dist(xs.flatMap((x) => x.negs)),
    mismatched_same_kind: dist(xs.map((x) => x.negK)),
    auc: auc(
      xs.map((x) => x.pos),
      xs.flatMap((x) => x.negs),
    ),
  }
  if (xs[0]?.rankU != null) {
    o.r1_among_unseen = pc(xs.filter((x) => x.rankU < 1).length / xs.length)
    o.r5_among_unseen = pc(xs.filter((x) => x.rankU < 5).length / xs.length)
  }
  return o
}
const by = (xs, f) =>
  Object.fromEntries(
    [...new Set(xs.map(f))].sort().map((k) => [
      k,
      ((v) => ({
        n: v.length,
        r1: pc(v.filter((x) => x.rank < 1).length / v.length),
        r5: pc(v.filter((x) => x.rank < 5).length / v.length),
        matched_p50: q(
          v.map((x) => x.pos),
          0.5,
        ),
        auc: auc(
          v.map((x) => x.pos),
          v.flatMap((x) => x.negs),
        ),
      }))(xs.filter((x) => f(x) === k)),
    ]),
  )
const part = (s, p) => evs.filter((i) => i.split === s && i.part === p),
  sv = part('unseen_style', 'val'),
  st = part('unseen_style', 'test'),
  un = evs.filter((i) => i.split === 'unseen_name'),
  seen = evs.filter((i) => i.split === 'train')
const tP = best(fv.pos, fv.neg),
  tI = best(
    sv.map((x) => x.pos),
    sv.flatMap((x) => x.negs),
  ),
  tB = (() => {
    let b = 0,
      bt = 0
    for (let t = -0.3; t < 0.95; t += 0.005) {
      const v =
        bal(fv.pos, fv.neg, t) +
        bal(
          sv.map((x) => x.pos),
          sv.flatMap((x) => x.negs),
          t,
        )
      if (v > b + 1e-9) {
        b = v
        bt = t
      }
    }
    return +bt.toFixed(3)
  })()
R.thresholds = { photos_val: tP, icons_val: tI, recommended_both_val: tB }
const I3 = (xs, t) =>
  at(
    xs.map((x) => x.pos),
    xs.flatMap((x) => x.negs),
    t,
  )
R.flickr8k_heldout_300 = {
  t2i: ft.t2i,
  i2t: ft.i2t,
  matched: dist(ft.pos),
  mismatched: dist(ft.all),
  auc: auc(ft.pos, ft.all),
  own_threshold: at(ft.pos, ft.all, tP),
  recommended: at(ft.pos, ft.all, tB),
}
R.flickr8k_val_300 = { t2i: fv.t2i, i2t: fv.i2t }
R.icons_concepts = C.length
R.icons_seen = {
  note: 'training icons on new backgrounds, positions, JPEG; not a generalisation figure',
  ...summary(seen),
  by_kind: by(seen, (x) => x.kind),
  recommended: I3(seen, tB),
}
R.icons_unseen_style = {
  ...summary(st),
  by_kind: by(st, (x) => x.kind),
  by_background: by(st, (x) => x.background),
  own_threshold: I3(st, tI),
  recommended: I3(st, tB),
}
R.icons_unseen_name = {
  ...summary(un),
  by_kind: by(un, (x) => x.kind),
  own_threshold: I3(un, tI),
  recommended: I3(un, tB),
}
// cross-domain: a photo with an icon's name and an icon with a photo's caption
{
  const PT = await texts(split.slice(0, 300).map((n) => caps[n][0])),
    a = [],
    b = []
  ft.I.forEach((e, i) => {
    for (let z = 0; z < 5; z++) a.push(dot(e, CT[(i * 53 + z * 977) % C.length]))
  })
  st.forEach((it, k) => {
    const e = IE[evs.indexOf(it)]
    for (let z = 0; z < 5; z++) b.push(dot(e, PT[(k * 7 + z * 61) % 300]))
  })
  R.cross_domain = {
    photo_vs_icon_name: dist(a),
    icon_vs_photo_caption: dist(b),
    kept_at_recommended: pc([...a, ...b].filter((v) => v >= tB).length / (a.length + b.length)),
  }
}
// flowers held out (10% by file name)
{
  const names = ['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips'],
    root = process.env.FLOWERS ?? 'assets/flowers',
    fl = names.flatMap((d, y) =>
      fs
        .readdirSync(`${root}/${d}`)
        .filter((f) => parseInt(f, 10) % 10 === 0)
        .map((f) => [`${root}/${d}/${f}`, y]),
    ),
    E = await images(fl.map((f) => f[0])),
    P = await texts(['daisy', 'dandelion', 'rose', 'sunflower', 'tulip'].map((n) => `a photo of a ${n}`))
  R.flowers_heldout = {
    n: fl.length,
    zero_shot_top1_of_5: pc(
      E.filter((e, i) => {
        const s = P.map((p) => dot(e, p))
        return s.indexOf(Math.max(...s)) === fl[i][1]
      }).length / fl.length,
    ),
  }
}
// (d) speed on one core
if (!process.env.NO_SPEED) {
  const one = await prep(`${FLICKR}/${split[0]}`),
    run = async (n) => {
      const t = new Float32Array(n * one.length)
      for (let i = 0; i < n; i++) t.set(one, i * one.length)
      const x = { pixel_values: new ort.Tensor('float32', t, [n, 3, S, S]) }
      for (let i = 0; i < 5; i++) await V.run(x)
      const a = []
      for (let r = 0; r < (n > 1 ? 12 : 60); r++) {
        const t0 = performance.now()
        await V.run(x)
        a.push((performance.now() - t0) / n)
      }
      return +q(a, 0.5).toFixed(2)
    }
  R.speed_one_core_ms = { image_batch1: await run(1), image_batch16: await run(16) }
  let t0 = performance.now()
  for (let i = 0; i < 100; i++) await prep(`${FLICKR}/${split[i]}`)
  R.speed_one_core_ms.decode_resize_normalise_of_a_224px_jpeg = +((performance.now() - t0) / 100).toFixed(2)
  const cs = split.slice(0, 256).map((n) => caps[n][0])
  await texts(cs)
  t0 = performance.now()
  await texts(cs)
  R.speed_one_core_ms.text_batch64 = +((performance.now() - t0) / 256).toFixed(3)
  t0 = performance.now()
  for (const c of cs) await texts([c])
  R.speed_one_core_ms.text_batch1 = +((performance.now() - t0) / 256).toFixed(3)
}
fs.writeFileSync(OUTF, JSON.stringify(R, null, 1))
console.log(JSON.stringify(R, null, 1))
// a few readable examples
for (const it of st.slice(0, 12)) {
  const o = it.s
    .map((v, i) => [v, i])
    .sort((a, b) => b[0] - a[0])
    .slice(0, 3)
  console.error(
    it.eval,
    '->',
    C[it.concept].name,
    it.pos.toFixed(2),
    'rank',
    it.rank + 1,
    '|',
    o.map(([v, i]) => `${C[i].name} ${v.toFixed(2)}`).join('; '),
  )
}
