import { stat } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { recheckRows } from '../../../node/audit/audit.ts'
import type { CandidateOutcome } from '../../../node/components.ts'
import { codesOf, tally } from './count-findings.ts'
import { isAt, kept, type MadeShard, makeShard, type Rows } from './made-shard.ts'

const audit = suite('forged shards')
let made: MadeShard

audit.before(async () => {
  made = await makeShard()
})
audit.after(() => made.close())

function drop(rows: Rows, outcome: CandidateOutcome, as: CandidateOutcome['outcome']): void {
  rows.pairs = rows.pairs.filter((pair) => !isAt(pair, outcome))
  outcome.outcome = as
}

audit('forged images: what can be computed from the bytes is computed again', async () => {
  const changes: [string, (rows: Rows) => void][] = [
    [
      'row_score',
      (rows) => {
        const { outcome, pair } = kept(rows, 0)
        outcome.similarity = pair.similarity = pair.similarity + 0.1
      },
    ],
    [
      'row_embedding',
      (rows) => {
        const { pair } = kept(rows, 1)
        pair.embedding = pair.embedding.map((bits) => bits ^ 0x8000)
        pair.embedding[0]! ^= 0x8000
      },
    ],
    [
      'row_hash',
      (rows) => {
        kept(rows, 2).pair.md5 = '0'.repeat(32)
      },
    ],
    [
      'row_size',
      (rows) => {
        kept(rows, 3).pair.width += 100
      },
    ],
    [
      'row_hash',
      (rows) => {
        const { outcome, pair } = kept(rows, 0, 'archive')
        outcome.sha256 = pair.sha256 = '0'.repeat(64)
      },
    ],
    [
      'row_hash',
      (rows) => {
        // it names another image of the archive
        const [one, other] = rows.outcomes.filter(({ imageOffset }) => imageOffset !== null).slice(-2)
        Object.assign(one!, { imageOffset: other!.imageOffset, imageLength: other!.imageLength })
      },
    ],
    [
      'row_hash',
      (rows) => {
        // no image lies there, so that it can't be broken
        const one = rows.outcomes.filter(({ imageOffset }) => imageOffset !== null).at(-3)!
        drop(rows, one, 'image_broken')
        Object.assign(one, { similarity: null, sha256: null, pdq: null, imageOffset: 5 })
      },
    ],
    [
      'row_findings',
      (rows) => {
        kept(rows, 4).pair.tags = ['screenshot']
      },
    ],
    ['row_threshold', (rows) => drop(rows, kept(rows, 5).outcome, 'similarity')],
    [
      'row_score',
      (rows) => {
        const { outcome } = kept(rows, 5)
        drop(rows, outcome, 'similarity')
        outcome.similarity = 0.01
      },
    ],
    [
      'row_outcome',
      (rows) => {
        const { outcome } = kept(rows, 5)
        drop(rows, outcome, 'image_broken')
        outcome.similarity = null
      },
    ],
  ]
  const job = await made.forge((rows) => {
    for (const [, change] of changes) change(rows)
  })
  const { findings } = await made.recheck(job)
  const forged = findings.filter(({ finding }) => finding === 'forged')
  assert.equal(forged.map(({ code }) => code).sort(), changes.map(([code]) => code).sort())
  const [score] = forged.filter(({ code, said }) => code === 'row_score' && said.outcome === 'kept')
  assert.ok(Number(score!.said.similarity) - Number(score!.found.similarity) > 0.09)
})

audit('forged pages: each is found by any row of it, and by its place', async () => {
  const onPage = (rows: Rows, n: number) =>
    rows.outcomes.filter(({ pageUrl }) => pageUrl === `http://pages.example/${n}`)
  const changes: Record<string, (rows: Rows) => void> = {
    text: (rows) => {
      rows.pairs.find(({ pageUrl }) => pageUrl.endsWith('/0'))!.text = 'buy this now at once'
    },
    invented: (rows) => {
      const [first] = onPage(rows, 1)
      rows.outcomes.splice(rows.outcomes.indexOf(first!) + 1, 0, { ...first!, imageOrdinal: 999 })
    },
    withheld: (rows) => {
      const gone = onPage(rows, 2).find(({ outcome }) => outcome === 'similarity')
      rows.outcomes = rows.outcomes.filter((one) => one !== gone)
    },
    'whole page withheld': (rows) => {
      rows.outcomes = rows.outcomes.filter(({ pageUrl }) => !pageUrl.endsWith('/3'))
      rows.pairs = rows.pairs.filter(({ pageUrl }) => !pageUrl.endsWith('/3'))
    },
    url: (rows) => {
      onPage(rows, 4).find(({ outcome }) => outcome === 'similarity')!.url = 'http://h3.example/elsewhere.jpg'
    },
    language: (rows) => {
      rows.pairs.find(({ pageUrl }) => pageUrl.endsWith('/5'))!.language = 'xx'
    },
    place: (rows) => {
      for (const one of onPage(rows, 6)) one.sourceLength += 1
    },
    'a signal without its time': (rows) => {
      rows.pairs.find(({ pageUrl, signals }) => pageUrl.endsWith('/7') && signals.length > 0)!.signalsAt.pop()
    },
    'opt-out ignored': (rows) => {
      const one = rows.outcomes.find(({ outcome }) => outcome === 'optout_page')!
      Object.assign(one, { outcome: 'similarity', similarity: 0.1, sha256: 'a'.repeat(64) })
    },
  }
  const job = await made.forge((rows) => {
    for (const change of Object.values(changes)) change(rows)
  })
  const { findings } = await made.recheck(job)
  const { size } = await stat(job.source.location)
  const offsets = new Set((await made.rows()).outcomes.map(({ sourceOffset }) => sourceOffset))
  // the place that `placeIn` reads as this byte, or as the next one
  const places = [...offsets].map((offset) => ({
    frame: 'source' as const,
    row: Number((BigInt(offset) * 2n ** 53n) / BigInt(size)),
  }))
  findings.push(...(await recheckRows(made.parts, job, places)))
  const found = new Map<unknown, Set<string>>()
  for (const { frame, code, said, found: seen, finding } of findings)
    if (finding === 'forged') {
      const page = String(said.page ?? seen.page)
        .split('/')
        .at(-1)
      found.set(page, (found.get(page) ?? new Set()).add(`${frame} ${code}`))
    }
  const expected: [string, string, string][] = [
    ['0', 'kept', 'row_text'],
    ['0', 'dropped', 'row_text'],
    ['0', 'source', 'row_text'],
    ['1', 'dropped', 'row_absent'],
    ['2', 'dropped', 'row_withheld'],
    ['2', 'source', 'row_withheld'],
    ['3', 'source', 'row_withheld'],
    ['4', 'dropped', 'row_url'],
    ['5', 'kept', 'row_text'],
    ['6', 'dropped', 'row_absent'],
    ['7', 'kept', 'row_text'],
    ['optout', 'dropped', 'row_outcome'],
  ]
  for (const [page, frame, code] of expected)
    assert.ok(
      found.get(page)?.has(`${frame} ${code}`),
      `${page} ${frame} ${code}: ${[...(found.get(page) ?? [])]}`,
    )
})

audit('duplicates: neither invented nor overlooked', async () => {
  const job = await made.forge((rows) => {
    const first = kept(rows, 4).outcome
    drop(rows, first, 'duplicate')
    Object.assign(first, { similarity: null, sha256: null, pdq: null })
    const second = rows.outcomes.findLast(({ outcome }) => outcome === 'duplicate')!
    Object.assign(second, { outcome: 'http_status' })
  })
  const { findings } = await made.recheck(job)
  const forged = findings.filter(({ finding }) => finding === 'forged')
  assert.ok(forged.length >= 2)
  assert.equal(codesOf(findings), ['row_outcome'])
  assert.equal(new Set(forged.map(({ said }) => said.outcome)), new Set(['duplicate', 'http_status']))
})

audit('scores of another model', async () => {
  const job = await made.forge(({ pairs, outcomes }) => {
    for (const one of outcomes) if (one.similarity !== null) one.similarity = 1 - one.similarity
    for (const pair of pairs) pair.similarity = 1 - pair.similarity
  })
  const { findings } = await made.recheck(job)
  assert.equal(codesOf(findings), ['row_score'])
  assert.is(tally(findings)['kept forged row_score'], job.shard.manifest.counts.pairs)
})

audit('everything dead: nobody can prove that it was not, but nothing is verified either', async () => {
  const job = await made.forge((rows) => {
    for (const one of rows.outcomes)
      if (one.outcome === 'kept' || one.outcome === 'similarity')
        Object.assign(one, {
          ...{ outcome: 'http_status', similarity: null, sha256: null, pdq: null },
          ...{ imageOffset: null, imageLength: null },
        })
    rows.pairs = []
  })
  const found = await made.recheck(job)
  assert.equal(codesOf(found.findings), [])
  assert.ok(tally(found.findings)['dropped unverifiable image_back']! > 20)
})

audit('rows in another order, and a page in two places', async () => {
  const job = await made.forge(({ outcomes }) => outcomes.reverse())
  const { findings } = await made.recheck(job)
  assert.ok(findings.every(({ code }) => code === 'row_outcome'))
  assert.match(String(findings[0]!.found.fault), /not in the order/)
})

audit.run()
