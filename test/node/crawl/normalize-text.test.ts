import { existsSync, readFileSync } from 'node:fs'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { normalizeText } from '../../../node/crawl/crawl.ts'

const test = suite('normalizeText')
const shared = new URL('../../../../shared/', import.meta.url)

const CASES: [string, string][] = [
  ['  two   dogs\tplaying\nin\u00a0snow ', 'two dogs playing in snow'],
  ['it&#39;s &amp; that', "it's & that"],
  ['a &amp;amp;amp; b &amp;lt;i&gt;', 'a & b <i>'],
  ['“smart” ‘quotes’ ʼ', `"smart" 'quotes' '`],
  ['ﬁne ﬂow ﬀ ﬃ Ǆ', 'fine flow ff ffi DŽ'],
  ['ＡＢＣ　１２３！ ﾊﾝｶｸ', 'ABC 123! ハンカク'],
  ['e\u0301 \u1100\u1161', 'é 가'],
  ['cafÃ© crÃ¨me', 'café crème'],
  ['donâ€™t', "don't"],
  ['Ð¼Ð¾Ñ€Ðµ', 'море'],
  ['cafÃƒÂ©', 'café'],
  ['\x93quoted\x94 \x85', '"quoted" …'],
  ['a\x00b\x1fc\ufeffd\u206ae\x1b[31mred\x1b[0m', 'abcdered'],
  ['lone \ud800 surrogate', 'lone \ufffd surrogate'],
  // not damaged, however it looks
  ['SÃO PAULO', 'SÃO PAULO'],
  ['MARCHÉ® 20 °C – CRÈME', 'MARCHÉ® 20 °C – CRÈME'],
  ['naïve café déjà-vu £5 ½', 'naïve café déjà-vu £5 ½'],
  ['x² ™ ① ㎏', 'x² ™ ① ㎏'],
  ['👩‍👩‍👧‍👦 می‌خواهم', '👩‍👩‍👧‍👦 می‌خواهم'],
  ['', ''],
]
for (const [raw, normal] of CASES) test(JSON.stringify(raw), () => assert.is(normalizeText(raw), normal))

test('twice is once', () => {
  const odd = fc.constantFrom(...'&;#x3amplt ÃÂâ€™©\u0080\u0093\u3000\ufb01\u0301\ud800\udc00\x1b[0m"’')
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(odd, { maxLength: 40 }).map((chars) => chars.join('')),
  )
  fc.assert(
    fc.property(text, (raw) => {
      const once = normalizeText(raw)
      assert.is(normalizeText(once), once)
      assert.ok(once.isWellFormed())
    }),
    { numRuns: 2_000 },
  )
})

test('long awkward texts take no time', () => {
  const start = performance.now()
  for (const piece of ['&amp;', 'amp;', '&', 'Ã', 'Ã\u0083Â\u0082', ' \t', '\x1b[', '’'])
    normalizeText(`&${piece.repeat(8_192 / piece.length)}`)
  assert.ok(performance.now() - start < 10_000)
})

if (existsSync(new URL('vectors/clip-tokenizer.json', shared))) {
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, shared), 'utf8'))
  const tokenizer = new Tokenizer(read('models/clip-tokenizer/tokenizer.json'), {})
  for (const { text, ids } of read('vectors/clip-tokenizer.json').vectors as {
    text: string
    ids: number[]
  }[]) {
    test(`CLIP's ids of ${JSON.stringify(text.slice(0, 40))}`, () => {
      // the reference lower-cases as Python does, which turns a word's last Σ into ς
      const lower = normalizeText(text).toLowerCase()
      const found = tokenizer.encode(lower).ids as number[]
      assert.equal(found.length <= 77 ? found : [...found.slice(0, 76), 49407], ids)
    })
  }
} else {
  console.log('skipped: no shared vectors beside the repository')
}

test.run()
