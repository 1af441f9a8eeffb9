import { hash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkRelease, createRelease, entriesOf } from '../../../node/release/release.ts'
import { openTable } from '../../../node/shard/shard.ts'
import { subjectHash } from '../../../protocol/rules/remove.ts'
import { makePair, range } from '../shard/sample.ts'
import { clock, type MadeCampaign, makeReleasable, type OpenNode } from './made-campaign.ts'

const hidden = suite('releases without hidden rows')
const sha256 = (bytes: Uint8Array) => hash('sha256', bytes, 'buffer')
const request = { policy: null, removals: null, validDays: 30 }

async function urlsOf(
  { organiser }: MadeCampaign,
  content: Parameters<typeof entriesOf>[1],
): Promise<string[]> {
  const { blocks } = organiser.home
  const urls: string[] = []
  for await (const { pairs, bytes, rows } of entriesOf(blocks, content)) {
    const table = await openTable(blocks, { name: 'pairs.parquet', cid: pairs, bytes, rows })
    for await (const group of table.groups(['url'])) urls.push(...group.map(({ url }) => url as string))
  }
  return urls
}

async function check(node: OpenNode, id: Parameters<typeof checkRelease>[1]) {
  const { checks } = await checkRelease({ ...node, clock }, id)
  return Object.fromEntries(checks.map(({ what, state }) => [what, state]))
}

hidden(
  'the next one supersedes it and lacks what was removed or listed, without a word on what was listed',
  async () => {
    const made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 20))])
    const { organiser, campaign, dir } = made
    try {
      const before = await createRelease({ ...organiser, clock }, { campaign, ...request })
      assert.is((await urlsOf(made, before.content)).length, 40)
      const of = (i: number, reason: 'rights' | 'safety') => ({
        subject: { kind: 'url' as const, hash: new Uint8Array(subjectHash('url', makePair(i).url, sha256)!) },
        ...{ reason, basis: 'a test', expires: null },
      })
      await organiser.removals.issue(campaign, [of(3, 'rights'), of(23, 'safety')])
      const removed = await createRelease({ ...organiser, clock }, { campaign, ...request })
      assert.is((await check(organiser, removed.id)).dropped, 'holds')

      const list = join(dir, 'list.jsonl')
      await writeFile(list, `${JSON.stringify({ kind: 'md5', value: makePair(30).md5 })}\n`)
      await organiser.home.blocklists.add(list, null)
      const after = await createRelease({ ...organiser, clock }, { campaign, ...request })
      assert.ok(after.content.supersedes?.equals(removed.signed.release))
      assert.equal([removed.content.counts.removed, after.content.counts.removed], [2, 3])
      assert.equal(after.content.removals, removed.content.removals)
      const left = range(40).filter((i) => ![3, 23, 30].includes(i))
      assert.equal(
        await urlsOf(made, after.content),
        left.map((i) => makePair(i).url),
      )
      const { dropped, rows } = await check(organiser, after.id)
      assert.equal({ dropped, rows }, { dropped: 'unknown', rows: 'holds' })
      // what was said to be removed may not come back
      await organiser.home.blocklists.remove('list')
      await organiser.removals.issue(campaign, [of(31, 'rights')])
      assert.is((await check(organiser, before.id)).rows, 'holds')
    } finally {
      await made.close()
    }
  },
)

hidden.run()
