import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { useBlocklists } from '../../../node/attest/attest.ts'
import { openBlocklists } from '../../../node/safety/safety.ts'
import { openStore } from '../../../node/store/store.ts'
import { MAX_SCANNED_LISTS } from '../../../protocol/limits.ts'

const use = suite('blocklists as rows are looked up in them')

const row = {
  ...{ url: 'https://images.example/a.jpg', page_url: 'https://pages.example/' },
  ...{ md5: '1'.repeat(32), sha256: '2'.repeat(64), pdq: '3'.repeat(64) },
}

async function withLists(
  lists: Record<string, object[]>,
  work: (used: Awaited<ReturnType<typeof useBlocklists>>) => Promise<void> | void,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-lists-'))
  const store = await openStore(join(dir, 'db'))
  try {
    const opened = await openBlocklists(join(dir, 'lists'), store, () => 1)
    for (const [name, lines] of Object.entries(lists)) {
      const file = join(dir, `${name}.jsonl`)
      await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'))
      await opened.add(file, null)
    }
    await work(await useBlocklists(opened))
    await opened.close()
  } finally {
    await store.close()
    await rm(dir, { recursive: true, force: true })
  }
}

use('a row is found by each of what it has, and by nothing else', async () => {
  const near = `${'3'.repeat(62)}cc`
  const entries: [object, boolean][] = [
    [{ kind: 'url', value: 'http://images.example/a.jpg' }, true],
    [{ kind: 'host', value: 'pages.example' }, true],
    [{ kind: 'md5', value: row.md5 }, true],
    [{ kind: 'sha256', value: row.sha256 }, true],
    [{ kind: 'pdq', value: near }, true],
    [{ kind: 'url', value: 'https://images.example/b.jpg' }, false],
    [{ kind: 'host', value: 'www.images.example' }, false],
    [{ kind: 'sha1', value: '1'.repeat(40) }, false],
    [{ kind: 'pdq', value: 'c'.repeat(64) }, false],
  ]
  for (const [entry, isFound] of entries)
    await withLists({ list: [entry] }, ({ has }) => assert.is(has(row), isFound, JSON.stringify(entry)))
  await withLists({ list: [{ kind: 'pdq', value: near }] }, ({ has }) =>
    assert.not(has({ ...row, pdq: null })),
  )
})

use("a list is named by what sort and sha256sum make of it; one by SHA-1 isn't named", async () => {
  const values = ['2', '1', '2', 'f'].map((digit) => digit.repeat(64))
  const lines = [
    ...values.map((value) => ({ kind: 'sha256', value })),
    { kind: 'sha1', value: '1'.repeat(40) },
  ]
  const sorted = `${[...new Set(values)].sort().join('\n')}\n`
  const digest = createHash('sha256').update(sorted).digest('hex')
  await withLists({ list: lines, again: lines }, ({ lists }) => {
    assert.equal(
      lists.map(({ kind, digest, entries }) => [kind, Buffer.from(digest).toString('hex'), entries]),
      [['sha256', digest, 3]],
    )
  })
})

use('of more lists than an attestation can name, each kind of all is named', async () => {
  const many = Object.fromEntries(
    Array.from({ length: MAX_SCANNED_LISTS + 1 }, (_, i) => [
      `list-${i}`,
      [{ kind: 'host', value: `h${i}.example` }],
    ]),
  )
  await withLists(many, ({ lists }) => {
    assert.equal(
      lists.map(({ kind, entries }) => [kind, entries]),
      [['host', MAX_SCANNED_LISTS + 1]],
    )
  })
})

use.run()
