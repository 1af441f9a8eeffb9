import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import type { CheatName } from '../../../cli/demo/cheats/cheats.ts'
import type { ShardStanding } from '../../../node/daemon/daemon.ts'
import { hostPages, makePages } from './make-pages.ts'
import { playCrawl } from './play-crawl.ts'
import { type DaemonProcess, type Orders, startProcesses, until } from './start-processes.ts'
import { countsOf, createCampaign, joinCampaign } from './watch-campaign.ts'

/** Each a campaign of its own, on a network that stays the same: three honest nodes, an adversary and a fourth. */
const SEGMENTS = 3
const VERIFIERS = 2
const LONG_MS = 300_000
/** Verifiers step in after minutes: here those last as many parts of a second. */
const RATE = 100

/** How an adversary ends: the state of its shards, what they are accused of, and its own offences. */
interface End {
  state: 'refused' | 'held' | null
  codes: readonly string[]
  offences: readonly string[]
}

const FORGED = ['shard_forged']

export const ADVERSARIES: Readonly<Record<CheatName, End & { name: string }>> = {
  scores: { name: 'forges scores', state: 'refused', codes: ['row_score'], offences: FORGED },
  texts: { name: 'forges texts', state: 'refused', codes: ['row_text'], offences: FORGED },
  rows: { name: 'forges rows out of nothing', state: 'refused', codes: ['row_absent'], offences: FORGED },
  withhold: { name: 'withholds candidates', state: 'refused', codes: ['row_withheld'], offences: FORGED },
  drop: {
    name: 'drops good pairs as if below the threshold',
    ...{ state: 'refused', codes: ['row_score'], offences: FORGED },
  },
  copy: { name: "copies another's shard", state: 'refused', codes: ['shard_copied'], offences: FORGED },
  fork: { name: 'publishes two shards of one seq', state: 'refused', codes: [], offences: ['shard_fork'] },
  dead: { name: 'claims everything is dead', state: 'held', codes: [], offences: [] },
  optouts: { name: 'ignores opt-outs', state: 'refused', codes: ['row_outcome'], offences: FORGED },
  model: {
    name: "runs another model than the campaign's",
    ...{ state: 'refused', codes: ['row_score', 'row_threshold', 'row_embedding'], offences: FORGED },
  },
  grind: {
    name: 'grinds shard CIDs for friendly verifiers',
    ...{ state: 'refused', codes: ['row_score'], offences: FORGED },
  },
  blind: { name: 'verifies without looking', state: null, codes: [], offences: ['passed_forged'] },
  slander: { name: 'accuses honest nodes', state: null, codes: [], offences: ['accused_falsely'] },
  flood: { name: 'floods verdicts', state: null, codes: [], offences: ['verdict_fork'] },
}

/** Cheats by what they do in the campaigns of each name. */
const AS_PRODUCER = [
  'scores',
  'texts',
  'rows',
  'withhold',
  'drop',
  'fork',
  'optouts',
  'model',
  'grind',
  'dead',
]
const FIRST = Object.fromEntries(
  (Object.keys(ADVERSARIES) as CheatName[]).map((cheat) => [
    cheat,
    // who verifies blindly needs something to pass
    { cheat: cheat === 'blind' ? 'scores' : cheat, most: cheat === 'fork' ? 2 : 1 } as const,
  ]),
)
const SECOND = { blind: { cheat: 'blind', most: 0 } } as const

/** Have a suite meet some adversaries, one after the other. */
export function meetAdversaries(adversaries: Test, cheats: readonly CheatName[]): void {
  let dir = ''
  let crawl: Awaited<ReturnType<typeof playCrawl>>
  let processes: ReturnType<typeof startProcesses>
  let honest: DaemonProcess[] = []
  let first: DaemonProcess
  let second: DaemonProcess

  adversaries.before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'shoal-adversaries-'))
    crawl = await playCrawl()
    const archives = cheats.flatMap((cheat) => Array.from({ length: SEGMENTS }, (_, i) => `${cheat}-${i}`))
    for (const archive of archives) crawl.give(archive, makePages(archive))
    processes = startProcesses(dir, {
      loopback: { hosts: { ...crawl.hosts, ...hostPages(archives, crawl.to) } },
      ...{ contentionMs: 300, syncEveryMs: 2_000, clock: { origin: Date.now(), rate: RATE } },
    })
    const start = (name: string, cheats: Orders['cheats']) =>
      processes.start(name, { peers: [a.address], cheats })
    const a = await processes.start('a')
    const others = await Promise.all([
      ...['b', 'c'].map((name) => start(name, {})),
      start('first', FIRST),
      start('second', SECOND),
    ])
    ;[first, second] = others.slice(2) as [DaemonProcess, DaemonProcess]
    honest = [a, ...others.slice(0, 2)]
  })

  adversaries.after(async () => {
    await processes.killAll()
    await crawl.close()
    await rm(dir, { recursive: true })
  })

  async function judged(node: DaemonProcess, campaign: string) {
    const request = { manifest: null, state: null, policy: null, after: null, limit: 500 }
    return (await node.ask('judged', request)).filter((one) => one.campaign === campaign)
  }

  const create = (node: DaemonProcess, cheat: CheatName) =>
    createCampaign(node, {
      ...{ name: cheat, segments: SEGMENTS, base: crawl.base, list: join(dir, `${cheat}.txt`) },
      verifiers: VERIFIERS,
    })

  const hasAudited = (node: DaemonProcess, campaign: string, count: number) => () =>
    node.audits.filter((audit) => audit.campaign === campaign && audit.how === 'done').length >= count

  /** Bring it about that the adversary does what it does before others can. @returns the campaign, and who is in it */
  async function stage(cheat: CheatName): Promise<{ campaign: string; nodes: DaemonProcess[] }> {
    const [a, b, c] = honest as [DaemonProcess, DaemonProcess, DaemonProcess]
    if (AS_PRODUCER.includes(cheat) || cheat === 'blind') {
      const campaign = await create(first, cheat)
      const { most } = FIRST[cheat]!
      await until(
        `${cheat} has forged`,
        async () => (await countsOf(first, campaign)).shards >= most,
        LONG_MS,
      )
      if (cheat === 'blind') {
        await joinCampaign(second, campaign)
        await until('it has passed the forged', hasAudited(second, campaign, 1), LONG_MS)
      }
      for (const node of honest) await joinCampaign(node, campaign)
      return { campaign, nodes: [first, ...(cheat === 'blind' ? [second] : []), ...honest] }
    }
    // others hear of everything, and keep still until the adversary has judged
    const others = [b, c, second]
    await Promise.all(others.map((node) => node.ask('pause')))
    const campaign = await create(a, cheat)
    for (const node of [...others, first]) await joinCampaign(node, campaign)
    await until('it has judged them all', hasAudited(first, campaign, 1), LONG_MS)
    if (cheat === 'copy')
      await until('it has copied one', async () => (await judged(b, campaign)).length > SEGMENTS, LONG_MS)
    await Promise.all(others.map((node) => node.ask('resume')))
    return { campaign, nodes: [first, second, ...honest] }
  }

  for (const cheat of cheats) {
    const { name, ...end } = ADVERSARIES[cheat]
    adversaries(`${name}: it ends as it should, and the honest are untouched`, async () => {
      try {
        const { campaign, nodes } = await stage(cheat)
        await isCaught(cheat, end, campaign, nodes)
        // what is over costs nobody anything
        for (const node of nodes) await node.ask('leave', campaign)
      } catch (error) {
        console.error(await processes.tails())
        throw error
      }
    })
  }

  async function isCaught(cheat: CheatName, end: End, campaign: string, nodes: DaemonProcess[]) {
    const [a] = honest as [DaemonProcess]
    const adversary = cheat === 'blind' ? second : first
    // who forges so that somebody can pass it is not honest either
    const bad = new Set([first.peerId, adversary.peerId])
    // in campaigns in which it lies as a verifier, or copies, what it produces by itself is as it should be
    const isForged = ({ producer, segment, id }: ShardStanding, all: ShardStanding[]) => {
      if (producer !== first.peerId) return false
      if (cheat === 'copy') return all.some((other) => other.segment === segment && other.id !== id)
      return cheat === 'blind' || end.state !== null
    }
    let seen: unknown
    const shards = await until(
      'all is judged, and everybody knows the same',
      async () => {
        const [shards, counts] = await Promise.all([
          judged(a, campaign),
          Promise.all(nodes.map((node) => countsOf(node, campaign))),
        ])
        seen = shards.map(({ producer, state, verdicts }) => [bad.has(producer), state, verdicts.length])
        const isSame = new Set(counts.map(({ digest }) => digest)).size === 1
        const isDone = isSame && shards.filter(({ state }) => state !== 'refused').length === SEGMENTS
        const isJudged = shards.every(
          (one) => one.state === (isForged(one, shards) ? (end.state ?? 'refused') : 'verified'),
        )
        return (
          isDone &&
          isJudged &&
          (await offencesOf(adversary, campaign)).length >= end.offences.length &&
          shards
        )
      },
      LONG_MS,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(seen)}`)
    })
    const own = shards.filter(({ producer }) => producer === adversary.peerId)
    if (end.state !== null) assert.ok(own.length > 0)
    const codes = own.flatMap(({ verdicts }) =>
      verdicts.flatMap(({ forged }) => forged.map(({ code }) => code)),
    )
    for (const code of codes) assert.ok(end.codes.includes(code), `${code}`)
    assert.is(codes.length > 0, end.codes.length > 0)
    assert.equal([...new Set(await offencesOf(adversary, campaign))], [...end.offences])
    for (const node of nodes)
      if (!bad.has(node.peerId)) assert.equal(await offencesOf(node, campaign), [], node.name)
    const good = shards.filter(({ state }) => state !== 'refused')
    assert.equal(good.map(({ segment }) => segment).sort(), [0, 1, 2])
    // of each verifier two verdicts on a shard at most are kept
    const { verdicts } = await countsOf(a, campaign)
    assert.ok(verdicts <= shards.length * (nodes.length + 1), `${verdicts} verdicts`)
  }

  async function offencesOf(node: DaemonProcess, campaign: string): Promise<string[]> {
    const records = await honest[0]!.ask('standings', node.peerId)
    return records
      .filter((one) => one.campaign === campaign)
      .flatMap(({ offences }) => offences.map(({ code }) => code))
  }
}
