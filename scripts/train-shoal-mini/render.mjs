// Renders the pictogram domain from npm icon packages (iconify JSON) and makes the concept table and splits.
//   npm i @iconify-json/{noto,noto-v1,fluent-emoji,fluent-emoji-flat,twemoji,emojione,fxemoji,circle-flags,flag,flagpack,logos,devicon,skill-icons,vscode-icons,meteocons} cldr-annotations-full sharp
//   NPM=run/npm OUT=run/data node render.mjs
// Writes  icons.rgba (n x 128 x 128 x 4 bytes, training + held-out icons on transparency), icons.json (concepts,
// items, splits, licences) and eval_icons/*.jpg (held-out icons, rendered from SVG at 224 px by another route:
// sharp compositing on a white / coloured / gradient / photo background and real JPEG compression).
import crypto from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const NPM = process.env.NPM ?? '.',
  OUT = process.env.OUT ?? 'data',
  FLICKR = process.env.FLICKR ?? 'assets/flickr8k_full',
  SPLIT = process.env.SPLIT ?? 'assets/test_split.json'
const require = createRequire(path.resolve(NPM, 'x.js'))
const sharp = require('sharp')
sharp.cache(false)
const EMOJI = ['noto', 'noto-v1', 'fluent-emoji', 'fluent-emoji-flat', 'twemoji', 'emojione', 'fxemoji'],
  FLAGS = ['circle-flags', 'flag', 'flagpack'],
  LOGOS = ['logos', 'devicon', 'skill-icons', 'vscode-icons'],
  WEATHER = ['meteocons']
const FAMILY = { 'noto-v1': 'noto', 'fluent-emoji-flat': 'fluent-emoji' } // near-identical drawings are held out together
const h = (s) =>
  parseInt(crypto.createHash('sha256').update(`shoal-mini:${s}`).digest('hex').slice(0, 8), 16) / 2 ** 32
const rng = (seed) => {
  let a = (h(seed) * 2 ** 32) >>> 0
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
const squash = (s) =>
  s
    .normalize('NFKD')
    .toLowerCase()
    .replace(/&/g, 'and')
    .replace(/[^a-z0-9]/g, '')
const concepts = new Map(),
  items = [],
  licences = {}
const add = (set, icon, kind, name, key = squash(name)) => {
  key = `${kind}:${key}`
  let c = concepts.get(key)
  if (!c) concepts.set(key, (c = { id: concepts.size, key, kind, name, keywords: [], emoji: '' }))
  items.push({ set, family: FAMILY[set] ?? set, icon, concept: c.id })
  return c
}
const load = (set) => {
  const j = require(`@iconify-json/${set}/icons.json`),
    i = require(`@iconify-json/${set}/info.json`)
  licences[set] = {
    version: require(`@iconify-json/${set}/package.json`).version,
    author: i.author?.name,
    ...i.license,
  }
  if (/SA/.test(i.license.spdx)) throw new Error(`share-alike: ${set}`)
  return j
}
const packs = Object.fromEntries([...EMOJI, ...FLAGS, ...LOGOS, ...WEATHER].map((s) => [s, load(s)]))
const region = new Intl.DisplayNames(['en'], { type: 'region' })
const flagName = (s) => `flag of ${s}`
const _TONE = /-(light|medium-light|medium|medium-dark|dark)(-skin-tone)?(-|$)/
// 1. emoji: the slug is the CLDR short name
for (const set of EMOJI)
  for (const icon of Object.keys(packs[set].icons)) {
    if (/skin-tone/.test(icon)) continue
    if (set.startsWith('fluent')) {
      const b = icon.replace(/-(light|medium-light|medium|medium-dark|dark)$/, '')
      if (b !== icon && packs[set].icons[b]) continue
    }
    if (set === 'fxemoji') continue // names without hyphens, matched below
    const f = icon.match(/^flag-(?:for-)?(?:flag-)?(.+)$/)
    if (f && f[1] !== 'in-hole') {
      add(
        set,
        icon,
        'flag',
        flagName(f[1].replace(/-/g, ' ').replace(/\b\w/g, (x) => x.toUpperCase())),
        squash(f[1].replace(/-and-/g, '-')),
      )
      continue
    }
    add(set, icon, 'emoji', icon.replace(/-blood-type$/, '').replace(/-/g, ' '))
  }
for (const icon of Object.keys(packs.fxemoji.icons)) {
  const c = concepts.get(`emoji:${squash(icon)}`)
  if (c) items.push({ set: 'fxemoji', family: 'fxemoji', icon, concept: c.id })
}
// 2. flags by ISO code
const SUB = { 'gb-eng': 'England', 'gb-sct': 'Scotland', 'gb-wls': 'Wales', 'gb-nir': 'Northern Ireland' }
for (const set of FLAGS)
  for (const icon of Object.keys(packs[set].icons)) {
    const code = icon.replace(/-(1x1|4x3)$/, '')
    let name = SUB[code]
    if (!name && /^[a-z]{2}$/.test(code)) {
      name = region.of(code.toUpperCase())
      if (name === code.toUpperCase()) name = null
    }
    if (name) {
      const key = squash(name.replace(/ & /g, ' ').replace(/\band\b/g, ''))
      const c = add(set, icon, 'flag', flagName(name), key)
      c.name = flagName(name)
    }
  }
// 3. logos
for (const set of LOGOS)
  for (const icon of Object.keys(packs[set].icons)) {
    let n = icon
    if (set === 'vscode-icons') {
      const m = icon.match(/^file-type-(?:light-)?(.+?)(\d*)$/)
      if (!m) continue
      n = m[1]
    }
    n = n.replace(/-(icon|wordmark|dark|light|line|plain|original)$/g, '').replace(/-(icon|dark|light)$/g, '')
    add(set, icon, 'logo', `${n.replace(/-/g, ' ')} logo`, squash(n))
  }
// 4. weather
for (const icon of Object.keys(packs.meteocons.icons))
  add('meteocons', icon, 'weather', `${icon.replace(/-fill$/, '').replace(/-/g, ' ')} weather icon`)
// CLDR keywords and the character itself
const cl = require('cldr-annotations-full/annotations/en/annotations.json').annotations.annotations
for (const [ch, v] of Object.entries(cl)) {
  const c = v.tts && concepts.get(`emoji:${squash(v.tts[0])}`)
  if (c) {
    c.keywords = (v.default ?? []).slice(0, 12)
    c.emoji = ch
  }
}
const C = [...concepts.values()]
// splits: 300 concepts unseen by name; 10% of (concept, family) pairs unseen by style
const unseen = new Set(
  C.filter((c) => c.kind !== 'weather')
    .map((c) => [h(`unseen:${c.key}`), c])
    .sort((a, b) => a[0] - b[0])
    .slice(0, 300)
    .map((x) => x[1].id),
)
const fams = new Map()
for (const it of items) {
  if (!fams.has(it.concept)) fams.set(it.concept, new Set())
  fams.get(it.concept).add(it.family)
}
const held = new Map() // concept -> held family (at most one each)
for (const [cid, fs_] of fams)
  if (!unseen.has(cid) && fs_.size >= 2) {
    const pick = [...fs_].filter((f) => h(`style:${C[cid].key}:${f}`) < 0.1)
    if (pick.length) held.set(cid, pick[0])
  }
for (const it of items)
  it.split = unseen.has(it.concept)
    ? 'unseen_name'
    : held.get(it.concept) === it.family
      ? 'unseen_style'
      : 'train'
const svg = (it, px) => {
  const p = packs[it.set],
    i = p.icons[it.icon],
    w = i.width ?? p.width ?? 16,
    hh = i.height ?? p.height ?? 16,
    l = i.left ?? 0,
    t = i.top ?? 0,
    k = px / Math.max(w, hh)
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${Math.max(1, Math.round(w * k))}" height="${Math.max(1, Math.round(hh * k))}" viewBox="${l} ${t} ${w} ${hh}" color="#222">${i.body}</svg>`,
  )
}
fs.mkdirSync(`${OUT}/eval_icons`, { recursive: true })
const S = 128
let done = [],
  bad = 0
const ONLY_EVAL = !!process.env.ONLY_EVAL // ONLY_EVAL=1: keep icons.rgba, render the evaluation pictures again
if (ONLY_EVAL) done = JSON.parse(fs.readFileSync(`${OUT}/icons.json`)).items
const fd = ONLY_EVAL ? 0 : fs.openSync(`${OUT}/icons.rgba`, 'w')
const pool = async (n, list, fn) => {
  let i = 0
  await Promise.all(
    Array.from({ length: n }, async () => {
      while (i < list.length) {
        const k = i++
        await fn(list[k], k)
      }
    }),
  )
}
console.log(
  'concepts',
  C.length,
  'items',
  items.length,
  Object.fromEntries(
    ['train', 'unseen_style', 'unseen_name'].map((s) => [s, items.filter((i) => i.split === s).length]),
  ),
)
if (!ONLY_EVAL)
  await pool(4, items, async (it, k) => {
    try {
      const r = await sharp(svg(it, S))
        .resize(S, S, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
        .toColourspace('srgb')
        .ensureAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true })
      if (r.info.channels !== 4) throw new Error('channels')
      let op = 0
      for (let i = 3; i < r.data.length; i += 4) if (r.data[i] > 128) op++
      if (op < 300) throw new Error('empty')
      it.row = done.length
      done.push(it)
      fs.writeSync(fd, r.data, 0, r.data.length, it.row * S * S * 4)
    } catch (_e) {
      bad++
    }
    if (k % 3000 === 0) console.log(k)
  })
if (!ONLY_EVAL) fs.closeSync(fd)
// held-out evaluation pictures
const train = (() => {
  const t = new Set(JSON.parse(fs.readFileSync(SPLIT)).slice(0, 600))
  return fs.readdirSync(FLICKR).filter((f) => f.endsWith('.jpg') && !t.has(f))
})()
const seenName = new Set()
const ev = []
for (const it of done) {
  if (it.split === 'train') {
    if (h(`evalseen:${it.set}${it.icon}`) < 0.03) ev.push(it)
    continue
  }
  const key = it.split === 'unseen_name' ? `n${it.concept}` : `s${it.concept}${it.icon}`
  if (seenName.has(key)) continue
  seenName.add(key)
  ev.push(it)
}
await pool(4, ev, async (it) => {
  const r = rng(`eval:${it.set}${it.icon}`),
    px = 224,
    size = Math.round(px * (0.55 + 0.4 * r())),
    col = () => ({ r: (r() * 256) | 0, g: (r() * 256) | 0, b: (r() * 256) | 0 })
  const ic = await sharp(svg(it, size)).png().toBuffer(),
    m = await sharp(ic).metadata(),
    st = await sharp(ic).flatten({ background: '#808080' }).stats()
  const lum = st.channels.slice(0, 3).reduce((a, c) => a + c.mean, 0) / 3
  const mode = r()
  let bg, name
  if (mode < 0.35) {
    name = 'white'
    bg = sharp({
      create: { width: px, height: px, channels: 3, background: lum > 190 ? '#202028' : '#ffffff' },
    })
  } else if (mode < 0.6) {
    name = 'colour'
    bg = sharp({ create: { width: px, height: px, channels: 3, background: col() } })
  } else if (mode < 0.8) {
    name = 'gradient'
    const a = col(),
      b = col(),
      s = (c) => `rgb(${c.r},${c.g},${c.b})`
    bg = sharp(
      Buffer.from(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${px}" height="${px}"><defs><linearGradient id="g" x2="${r() < 0.5 ? 1 : 0}" y2="1"><stop stop-color="${s(a)}"/><stop offset="1" stop-color="${s(b)}"/></linearGradient></defs><rect width="100%" height="100%" fill="url(#g)"/></svg>`,
      ),
    )
  } else {
    name = 'photo'
    bg = sharp(
      await sharp(path.join(FLICKR, train[(r() * train.length) | 0]))
        .resize(px, px)
        .blur(0.5 + 4 * r())
        .toBuffer(),
    )
  }
  const left = Math.round((px - m.width) * r()),
    top = Math.round((px - m.height) * r())
  it.eval = `${it.set}__${it.icon}.jpg`
  it.background = name
  await bg
    .composite([{ input: ic, left, top }])
    .removeAlpha()
    .jpeg({ quality: 60 + ((r() * 35) | 0) })
    .toFile(`${OUT}/eval_icons/${it.eval}`)
})
// a hash of the concept assigns the held-out pictures to "val" (threshold selection) or "test"
for (const it of ev) it.part = h(`part:${C[it.concept].key}`) < 0.3 ? 'val' : 'test'
fs.writeFileSync(`${OUT}/icons.json`, JSON.stringify({ size: S, licences, concepts: C, items: done }))
console.log(
  'rendered',
  done.length,
  'failed',
  bad,
  'eval',
  ev.length,
  Object.fromEntries(
    ['emoji', 'flag', 'logo', 'weather'].map((k) => [
      k,
      `${done.filter((i) => C[i.concept].kind === k).length} icons / ${C.filter((c) => c.kind === k).length}`,
    ]),
  ),
)
