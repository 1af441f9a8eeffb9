// Compares @huggingface/tokenizers (JS) with Python tokenizers (own BPE) and with open_clip.tokenize (CLIP's BPE).
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const NPM = process.env.NPM ?? '.',
  OUT = process.env.OUT ?? 'out',
  require = createRequire(path.resolve(NPM, 'x.js'))
const { Tokenizer } = require('@huggingface/tokenizers')
const J = (f) => JSON.parse(fs.readFileSync(f, 'utf8'))
const load = (d) => new Tokenizer(J(`${d}/tokenizer.json`), J(`${d}/tokenizer_config.json`))
const ref = J('run/data/tokref.json'),
  mine = load(`${OUT}/shoal-mini`),
  clip = load(`${OUT}/clip-tokenizer`)
const res = {
  ours: { n: ref.ours.length, mismatches: [] },
  clip_js_vs_open_clip: { n: ref.clip.length, mismatches: [] },
  clip_js_vs_python_tokenizers: { n: ref.clip.length, mismatches: [] },
}
for (const { t, ids } of ref.ours) {
  const g = mine.encode(t).ids.map(Number)
  if (JSON.stringify(g) !== JSON.stringify(ids))
    res.ours.mismatches.push({ text: t, js: g.slice(0, 20), python: ids.slice(0, 20) })
}
ref.clip.forEach(({ t, ids }, k) => {
  let g = clip.encode(t).ids.map(Number)
  const _full = g
  if (g.length > 77) g = [...g.slice(0, 76), 49407]
  while (g.length < 77) g.push(0)
  if (JSON.stringify(g) !== JSON.stringify(ids))
    res.clip_js_vs_open_clip.mismatches.push({ text: t, js: g.slice(0, 14), open_clip: ids.slice(0, 14) })
  const f2 = clip.encode(t).ids.map(Number)
  if (JSON.stringify(f2) !== JSON.stringify(ref.ctok[k]))
    res.clip_js_vs_python_tokenizers.mismatches.push({
      text: t,
      js: f2.slice(0, 14),
      py: ref.ctok[k].slice(0, 14),
    })
})
for (const k in res) {
  console.log(k, res[k].n, 'captions,', res[k].mismatches.length, 'mismatches')
  for (const m of res[k].mismatches) console.log('  ', JSON.stringify(m))
}
fs.writeFileSync('out/tokencheck.json', JSON.stringify(res, null, 1))
