import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Pair } from '../../../node/components.ts'
import { checkRelease, createRelease, entriesOf, readRelease } from '../../../node/release/release.ts'
import { openTable } from '../../../node/shard/shard.ts'
import type { Safety } from '../../../protocol/records/safety.ts'
import { blindSpot, isFit, PROFILES, type Profile } from '../../../protocol/rules/profiles.ts'
import { codeOf } from '../../protocol/fault.ts'
import { makePair } from '../shard/sample.ts'
import { clock, type MadeCampaign, makeReleasable, type OpenNode } from './made-campaign.ts'

const profiles = suite('profiles of releases')

const FACES: Safety['heads'][number] = {
  ...{ kind: 'faces', name: 'faces', file: { sha256: '0'.repeat(64), bytes: 1 } },
  view: { width: 8, height: 8, fit: 'pad', layout: 'nhwc', mean: [0, 0, 0], std: [1, 1, 1] },
  ...{ boxes: 'b', scores: 's', grids: [{ stride: 8, each: 1 }], threshold: 0.5 },
}
const ADULT: Safety['heads'][number] = {
  ...{ kind: 'classifier', name: 'adult', file: { sha256: '1'.repeat(64), bytes: 1 }, view: null },
  ...{ output: 'o', activation: 'sigmoid', classes: ['nsfw'] },
  reads: [{ tag: 'nudity', classes: ['nsfw'], threshold: 0.9 }],
}
const SIGHTED: Safety = { tags: null, heads: [ADULT, FACES] }

/** What was found in the pictures of a shard, a row each, and in which releases they are. */
const FOUND: [Partial<Pair>, Profile[]][] = [
  [{ nsfw: 0.01, faces: 0 }, ['research', 'safe', 'no-person']],
  [{ nsfw: 0.01, faces: 2 }, ['research', 'safe']],
  [{ nsfw: 0.49, faces: 0, tags: ['watermark', 'screenshot'] }, ['research', 'safe', 'no-person']],
  [{ nsfw: 0.6, faces: 0 }, ['research']],
  [{ nsfw: 0.95, faces: 0, tags: ['nudity'] }, ['research']],
  [{ nsfw: 0.01, faces: 0, tags: ['gore'] }, ['research']],
  [{ nsfw: 0.01, faces: 0, tags: ['hate_symbol'] }, ['research']],
  [{ nsfw: 0.01, faces: 0, tags: ['minor'] }, ['research', 'safe']],
  [{ nsfw: 0.01, faces: 0, tags: ['person'] }, ['research', 'safe']],
  // whatever a producer says, these are in no release
  [{ nsfw: 0.95, faces: 1, tags: ['nudity', 'minor'] }, []],
  [{ nsfw: 0.01, faces: 0, tags: ['medical'] }, []],
  [{ nsfw: 0.01, faces: 1, tags: ['identity_document'] }, []],
]

let made: MadeCampaign
profiles.before(async () => {
  const pairs = FOUND.map(([found], i) => ({ ...makePair(i), tags: [], ...found }))
  made = await makeReleasable([pairs, [{ ...makePair(50), tags: [], faces: 0 }, pairs[1]!]], {
    safety: SIGHTED,
  })
})
profiles.after(() => made.close())

const request = (profile?: Profile) => ({
  ...{ campaign: made.campaign, policy: null, removals: null, validDays: 30, profile },
})

async function urlsOf({ home }: OpenNode, id: Parameters<typeof readRelease>[1]): Promise<string[]> {
  const { content } = await readRelease(home.blocks, id)
  const urls: string[] = []
  for await (const { pairs, bytes, rows } of entriesOf(home.blocks, content)) {
    const table = await openTable(home.blocks, { name: 'pairs.parquet', cid: pairs, bytes, rows })
    for await (const group of table.groups(['url'])) urls.push(...group.map(({ url }) => url as string))
  }
  return urls
}

profiles('choose rows of shards as they are, and a release is checked by its own', async () => {
  const { organiser } = made
  const numbers: number[] = []
  for (const profile of PROFILES) {
    const { id, content } = await createRelease({ ...organiser, clock }, request(profile))
    const wanted = FOUND.flatMap(([, of], i) => (of.includes(profile) ? [makePair(i).url] : []))
    assert.equal(await urlsOf(organiser, id), [...wanted, makePair(50).url], profile)
    const { pairs, duplicates, unfit } = content.counts
    assert.is(pairs + duplicates + unfit, FOUND.length + 2)
    // of a pair that the profile leaves out no second one comes in either
    assert.is(duplicates, profile === 'no-person' ? 0 : 1)
    const { checks } = await checkRelease({ ...organiser, clock }, id)
    assert.equal(
      checks.filter(({ state }) => state !== 'holds'),
      [],
    )
    numbers.push(content.number)
  }
  // each profile has its own line of releases
  assert.equal(numbers, [1, 1, 1])
  const { renewed } = await createRelease({ ...organiser, clock }, request())
  assert.ok(renewed)
})

profiles('promise nothing that nobody has looked for', async () => {
  const blind = await makeReleasable([[makePair(0)]])
  try {
    for (const profile of ['safe', 'no-person'] as const) {
      const wanted = { ...request(profile), campaign: blind.campaign }
      const code = await codeOf(() => createRelease({ ...blind.organiser, clock }, wanted))
      assert.is(code, 'profile_blind')
    }
  } finally {
    await blind.close()
  }
  assert.is(blindSpot('no-person', { tags: null, heads: [ADULT] }), 'persons')
  assert.is(blindSpot('safe', { tags: null, heads: [ADULT] }), null)
  assert.is(blindSpot('safe', { tags: null, heads: [FACES] }), 'nudity')
})

profiles('a probability that is no number is not safe', () => {
  const row = { tags: [], nsfw: Number.NaN, faces: null }
  assert.ok(isFit('research', row))
  assert.not(isFit('safe', row))
})

profiles.run()
