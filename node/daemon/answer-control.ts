import { ShoalError } from '../../protocol/errors.ts'
import type { ExportRequest, Shards } from '../components.ts'
import type { ControlRequest, Running } from '../control.ts'
import type { ManagedBlocklists } from '../manage-blocklists.ts'
import type { CampaignRequest } from '../manage-campaigns.ts'
import type { Cars } from '../manage-cars.ts'
import type { ManagedFeeds } from '../manage-feeds.ts'
import type { Pins } from '../manage-pins.ts'
import type { Releases } from '../manage-releases.ts'
import { answerRequests } from '../manage-requests.ts'
import type { SearchRequest } from '../search/search.ts'
import type { Daemon, SegmentsRequest } from './daemon.ts'
import type { VerifyRequest } from './demand-audits.ts'
import type { FetchRequest } from './fetch-wanted.ts'
import type { JudgedRequest } from './list-judged.ts'
import type { ModelRequest } from './pull-model.ts'

/** What the owner may ask of a daemon, by command. They are trusted: the socket is theirs alone. */
const ANSWERS = {
  status: (daemon) => daemon.status(),
  peers: (daemon) => daemon.peers(),
  segments: async (daemon, argument) => daemon.segments(argument as SegmentsRequest),
  fetch: (daemon, argument, running) => daemon.fetch(argument as FetchRequest, running),
  pullModel: (daemon, argument, running) => daemon.pullModel(argument as ModelRequest, running),
  verify: (daemon, argument) => daemon.verify(argument as VerifyRequest),
  judged: (daemon, argument) => daemon.judged(argument as JudgedRequest),
  credits: (daemon, argument) => daemon.credits((argument ?? null) as string | null),
  standings: (daemon, argument) => daemon.standings((argument ?? null) as string | null),
  pause: async (daemon) => daemon.pause(),
  resume: async (daemon) => daemon.resume(),
  limit: async (daemon, argument) => daemon.limit(argument),
  drain: async (daemon) => daemon.drain(),
  // answered before it is done, since then nobody is left to answer
  stop: async (daemon) => void daemon.stop(),
  create: (daemon, argument) => daemon.create(argument as CampaignRequest),
  show: (daemon, argument) => daemon.show(String(argument)),
  showShard: (daemon, argument) => daemon.showShard(...(argument as Parameters<Shards['showShard']>)),
  search: (daemon, argument, running) =>
    tellIndex(daemon, running, () => daemon.search(argument as SearchRequest)),
  whois: (daemon, argument, running) => tellIndex(daemon, running, () => daemon.whois(String(argument))),
  listShards: (daemon) => daemon.listShards(),
  exportPairs: (daemon, argument, running) => daemon.exportPairs(argument as ExportRequest, running),
  exportCar: (daemon, argument) => daemon.exportCar(...(argument as Parameters<Cars['exportCar']>)),
  importCar: (daemon, argument) => daemon.importCar(String((argument as Parameters<Cars['importCar']>)[0])),
  listPins: (daemon) => daemon.listPins(),
  addPin: (daemon, argument) => daemon.addPin(...(argument as Parameters<Pins['addPin']>)),
  removePin: (daemon, argument) => daemon.removePin(...(argument as Parameters<Pins['removePin']>)),
  collect: (daemon) => daemon.collect(),
  exportFeed: (daemon, argument) =>
    daemon.exportFeed(...(argument as Parameters<ManagedFeeds['exportFeed']>)),
  importFeed: (daemon, argument) =>
    daemon.importFeed(...(argument as Parameters<ManagedFeeds['importFeed']>)),
  exportDenylist: (daemon, argument) => daemon.exportDenylist(String(argument)),
  listBlocklists: (daemon) => daemon.listBlocklists(),
  addBlocklist: (daemon, argument) =>
    daemon.addBlocklist(...(argument as Parameters<ManagedBlocklists['addBlocklist']>)),
  removeBlocklist: (daemon, argument) =>
    daemon.removeBlocklist(...(argument as Parameters<ManagedBlocklists['removeBlocklist']>)),
  createRelease: (daemon, argument) =>
    daemon.createRelease(...(argument as Parameters<Releases['createRelease']>)),
  listReleases: (daemon) => daemon.listReleases(),
  showRelease: (daemon, argument) => daemon.showRelease(...(argument as Parameters<Releases['showRelease']>)),
  verifyRelease: (daemon, argument) =>
    daemon.verifyRelease(...(argument as Parameters<Releases['verifyRelease']>)),
  diffReleases: (daemon, argument) =>
    daemon.diffReleases(...(argument as Parameters<Releases['diffReleases']>)),
  attest: (daemon, argument) => daemon.attest(...(argument as Parameters<Releases['attest']>)),
  requests: (daemon, argument) =>
    answerRequests(daemon.requests, argument as Parameters<typeof answerRequests>[1]),
  releaseProgress: (daemon) => daemon.releaseProgress(),
  stopRelease: (daemon) => daemon.stopRelease(),
  list: async (daemon) => daemon.list(),
  leave: (daemon, argument) => daemon.leave(String(argument)),
  join(daemon, argument) {
    const { cid, peer } = argument as { cid: string; peer: string | null }
    return daemon.join(String(cid), peer)
  },
} as const satisfies Record<
  string,
  (daemon: Daemon, argument: unknown, running?: Running) => Promise<unknown>
>

/** Milliseconds between two looks how far the index is. */
const LOOK_MS = 250

/** What is looked for waits for the index, which all share: it is told how far that is, and ends it for nobody. */
async function tellIndex<Result>(
  daemon: Daemon,
  running: Running | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const timer = setInterval(() => {
    const progress = daemon.searchProgress()
    if (progress) running?.onProgress(progress)
  }, LOOK_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

export type ControlAnswers = typeof ANSWERS

/** @throws ShoalError `control_command`; whatever the command throws */
export async function answerControl(
  daemon: Daemon,
  { command, argument }: ControlRequest,
  running?: Running,
): Promise<unknown> {
  if (!Object.hasOwn(ANSWERS, command))
    throw new ShoalError('control_command', `the daemon knows no ${command}`)
  return ANSWERS[command as keyof ControlAnswers](daemon, argument, running)
}
