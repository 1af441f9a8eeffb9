import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { code, lineList, plain, yaml } from '../../../node/export/markdown.ts'
import { publishSample } from '../shard/sample.ts'
import { exportThem } from './exporting.ts'

const cards = suite('dataset cards')

cards('tell where rows come from, what was checked and removed, and how to get them again', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  try {
    const shard = await publishSample(dir, 200)
    const out = join(dir, 'out')
    await exportThem(shard, [shard.manifest], {
      ...{ format: 'img2dataset', out },
      filters: { languages: ['en'], license: "it's", minSimilarity: 0.26 },
      judge: async () => ({ state: 'held', needed: 2, good: 1 }),
    })
    await shard.store.close()
    const card = await readFile(join(out, 'README.md'), 'utf8')
    const [, head, text] = /^---\n(.*?)\n---\n(.*)$/s.exec(card)!
    assert.match(head!, 'license: unknown\n')
    assert.match(head!, 'size_categories:\n- n<1K\n')
    assert.match(head!, 'data_files: "*.parquet"')
    for (const said of [
      '# sample\n',
      '0 pairs of an image',
      '| pairs looked at | 100 |',
      'similarity at least 0.26; language en; a licence whose address contains "it\'s"',
      `shard \`${shard.manifest}\``,
      `- \`${shard.signer.peerId}\`: 1`,
      'test@example.org',
      '| `kept` | 100 |',
      '| `http_status` | 100 |',
      'model: shoal-mini',
      'of image and text: at least 0.2',
      'opt-outs heeded: robots.txt, X-Robots-Tag',
      '3 verifiers a shard, 60 rows each',
      '| held | 1 |',
      '1 of the shards are in no release',
      '**nobody says until when that holds**',
      'write to test@example.org',
      'by `shoal optout`',
      'looked for in images: nothing',
      'Nothing looked for unsafe images',
      'unknown, not safe',
      `--format img2dataset --min-similarity=0.26 --language=en --license='it'\\''s'`,
      '--url_col url --caption_col caption',
    ])
      assert.match(text!, said)
  } finally {
    await rm(dir, { recursive: true })
  }
})

cards('show what strangers wrote and do nothing it says', () => {
  assert.is(
    plain('a\n# b | <script>alert(1)</script> [x](y) `z` *s* &amp;'),
    'a \\# b \\| &lt;script&gt;alert(1)&lt;/script&gt; \\[x\\](y) \\`z\\` \\*s\\* &amp;amp;',
  )
  assert.is(code('a`b\n|c'), "`a'b \\|c`")
  assert.is(yaml('x"\nlicense: mit\u2028\u202e'), '"x\\" license: mit "')
  assert.equal(lineList(['a', 'b', 'c'], 2), ['- a', '- b', '- and 1 more'])
})

cards.run()
