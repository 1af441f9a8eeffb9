import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import stringWidth from 'string-width'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createRelease, readRelease } from '../../node/release/release.ts'
import { type MadeCampaign, makeReleasable, openNode, tellRemovals } from '../node/release/made-campaign.ts'
import { makePair, range } from '../node/shard/sample.ts'
import { type Ended, runShoal } from './run-shoal.ts'

const releases = suite('commands of releases')

let made: MadeCampaign
let home = ''
let stale = ''
let foreign = ''
const at = (...args: string[]) => runShoal([...args, '--data', home])
const resultOf = ({ stdout }: Ended) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

/** It ended so, and what a person reads has at most 80 columns. */
function reads(ended: Ended, status = 0): string {
  assert.is(ended.status, status, ended.stderr)
  for (const line of ended.stdout.split('\n')) assert.ok(stringWidth(line) <= 80, line)
  return status === 0 ? ended.stdout : ended.stderr
}

releases.before(async () => {
  made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 10))])
  home = made.organiser.dir
  const other = await made.copy()
  const request = { campaign: made.campaign, policy: null, removals: null, validDays: 1 }
  const past = () => Date.UTC(2020, 0, 1)
  stale = String((await createRelease({ ...made.organiser, clock: past }, request)).id)
  await tellRemovals(made.campaign, made.organiser, other)
  const theirs = await createRelease({ ...other, clock: Date.now }, request)
  foreign = String(theirs.id)
  const { blocks } = made.organiser.home
  await blocks.put(theirs.id, Buffer.concat(await Array.fromAsync(other.home.blocks.get(theirs.id))))
  await made.organiser.close()
})
releases.after(() => made.close())

releases('one is made, listed, shown, verified and compared', async () => {
  const created = resultOf(await at('release', 'create', `${made.campaign}`, '--json'))
  assert.equal(created.counts, { shards: 2, pairs: 30, duplicates: 10, removed: 0, unfit: 0 })
  assert.is(created.own, true)
  assert.is(created.refused, null)
  // the stale one, signed again
  assert.is(created.renewed, true)
  assert.match(reads(await at('release', 'list')), /its removals are stale/)
  assert.match(reads(await at('release', 'show', created.release)), /released, release 1/)
  assert.match(reads(await at('release', 'verify', created.release)), /verdicts +holds/)

  const removals = join(made.dir, 'removals.jsonl')
  const line = { kind: 'origin', value: 'img3.example.com', reason: 'consent', basis: 'ticket 3' }
  await writeFile(removals, `${JSON.stringify(line)}\n`)
  const next = await at('release', 'create', `${made.campaign}`, '--removals', removals, '--valid', '7')
  assert.match(reads(next), /1 removal signed/)
  const second = /^Hand its name around:\s+(\S+)/m.exec(next.stdout)![1]!
  const diff = await at('release', 'diff', created.release, second)
  assert.match(reads(diff), /pairs +0 +4 +26/)
  const node = await openNode(home)
  try {
    const { content } = await readRelease(node.home.blocks, CID.parse(second))
    assert.is(content.supersedes?.toString(), created.content)
  } finally {
    await node.close()
  }
})

releases('each refusal has its code, and says what to do', async () => {
  const codeOf = async (...args: string[]) => resultOf(await at(...args, '--json')).error.code
  assert.is(await codeOf('release', 'verify', stale), 'removals_stale')
  assert.is(await codeOf('release', 'verify', foreign), 'release_signer')
  assert.match(reads(await at('release', 'verify', foreign), 1), /--signer 12D3Koo/)
  assert.is(await codeOf('release', 'show', 'nonsense'), 'cid_invalid')
  assert.is(await codeOf('release', 'show', `${made.manifests[0]}`), 'release_unsigned')
  assert.is(await codeOf('release', 'create', `${made.manifests[0]}`), 'campaign_unknown')
  assert.is(await codeOf('release', 'create', `${made.campaign}`, '--quorum', '4'), 'release_empty')
})

releases.run()
