import { setTimeout as sleep } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { makeVerdict, type Verdict } from '../../protocol/records/verdict.ts'
import { epochOf } from '../../protocol/rules/assign-verifiers.ts'
import type { Log } from '../log.ts'
import { type AuditingParts, type AuditTask, auditShard } from './audit-shard.ts'
import { makeBell } from './bell.ts'
import { chooseAudits } from './choose-audits.ts'
import { demandAudits } from './demand-audits.ts'
import { keepVerdicts } from './own-verdicts.ts'

/** Milliseconds between two looks for audits whose time has come, where nothing happens. */
const LOOK_MS = 1_000
/** Milliseconds in which changes are gathered before it is looked what follows from them. */
const GATHER_MS = 100
/** A look is no more than this part of the time, however many shards there are. */
const LOOK_SHARE = 0.1
/** Milliseconds until a failed audit is tried again, and the most that grows to. */
const AGAIN_MS = 30_000
const MAX_AGAIN_MS = 60 * 60_000
/**
 * After it was tried for so long, a shard that nobody gives is tried as seldom: its producer may be gone for good. No
 * verdict is made of it, since none says anything of rows that nobody has seen, and one could not be taken back when
 * its producer is there again. It stays unaudited. One whose archive can't be had is `unclear` then.
 */
const LOST_MS = 24 * 60 * 60_000

/** Failed audits remembered. */
const MAX_FAILED = 10_000

/** After these a ledger takes nothing any more. */
const FATAL = ['ledger_write', 'ledger_closed']

export interface AuditorOptions {
  log: Log
  clock: () => number
  threads: number
  offline: boolean
  /** whether the volunteer lets this machine work now; if not, the audit at work is given up */
  mayWork: () => boolean
  /** whether there is room for one more shard */
  mayBegin: () => Promise<boolean>
  isReady: (campaign: CID) => boolean
  /** told when an audit has ended here */
  onAudit?: ((audit: AuditEnding) => void) | undefined
  /** told when no audit waits any more for which work was put off */
  onCaughtUp: () => void
  /** told when it can not go on */
  onFatal: (error: ShoalError) => void
  /** in place of an honest audit, for demonstrations and tests */
  auditShard?: typeof auditShard | undefined
}

interface Place {
  campaign: string
  segment: number
  manifest: string
}

/** `failed`: it is tried again later */
export type AuditEnding = Place &
  ({ how: 'done'; ruling: Verdict['ruling'] } | { how: 'failed'; code: string; message: string })

/** The audit at work. */
export interface AuditWork extends Place {
  /** rows that were looked at, and how many there are; 0 of 0 while the shard is fetched */
  done: number
  total: number
  /** milliseconds since 1970 */
  since: number
}

export interface AuditStatus {
  /** audits that are due and wait for the one at work */
  waiting: number
  current: AuditWork | null
  /** audits that the owner has asked for */
  demanded: AuditWork[]
  /** since the start, and the time that they took */
  done: number
  seconds: number
  /** shards that could not be audited, and are tried again later */
  failures: (Place & { code: string; message: string; tries: number; nextAt: number })[]
}

interface Failed {
  place: Place
  code: string
  message: string
  tries: number
  since: number
  nextAt: number
}

/** Audit one shard after the other whose turn it is, until it is told to end. */
export function startAuditor(parts: AuditingParts, options: AuditorOptions) {
  const { home, ledger, network, hearings } = parts
  const { log, clock, mayWork } = options
  const verdicts = keepVerdicts(home.store)
  const failed = new LRUCache<string, Failed>({ max: MAX_FAILED })
  const barred = new Set<string>()
  const bell = makeBell()
  const chooser = chooseAudits({ ledger, hearings, clock, self: home.signer.publicKey })
  const demands = demandAudits(parts, chooser, options)
  let current: { task: AuditTask; work: AuditWork; stop: AbortController; ended: Promise<void> } | null = null
  let due: AuditTask[] = []
  let untold: { id: CID; bytes: Uint8Array; nextAt: number }[] = []
  let done = 0
  let tookMs = 0
  let hasPutOff = false
  let ending = false
  const ended = Promise.withResolvers<void>()

  const forget = ledger.subscribe(({ kind }) => {
    if (kind === 'shard' || kind === 'verdict') bell.ring()
  })

  const keyOf = ({ shard }: AuditTask) => shard.id.toString()

  async function look(): Promise<void> {
    const campaigns = ledger.campaigns().filter(({ id }) => options.isReady(id) && !barred.has(id.toString()))
    const found: AuditTask[] = []
    const chosen = await chooser.choose(campaigns)
    const names = new Set(chosen.map(keyOf))
    // what others have done meanwhile
    for (const name of [...failed.keys()]) if (!names.has(name)) failed.delete(name)
    for (const task of chosen) {
      const last = failed.get(keyOf(task))
      if (last && last.nextAt > clock()) continue
      if (await verdicts.has({ manifest: task.shard.manifest, producer: task.shard.peer })) continue
      found.push(task)
    }
    setDue(found)
  }

  function setDue(tasks: AuditTask[]): void {
    due = tasks
    if (due.length > 0 || !hasPutOff) return
    hasPutOff = false
    options.onCaughtUp()
  }

  /** A campaign that is left meanwhile is no fault. */
  function tolerate(error: ShoalError): void {
    if (FATAL.includes(error.code)) throw error
    log.warn({ code: error.code, message: error.message }, 'audits were not looked for')
  }

  async function audit(task: AuditTask): Promise<void> {
    const { id, segment, shard } = task
    const place = { campaign: id.toString(), segment, manifest: shard.manifest.toString() }
    const stop = new AbortController()
    const work: AuditWork = { ...place, done: 0, total: 0, since: clock() }
    const { promise, resolve } = Promise.withResolvers<void>()
    current = { task, work, stop, ended: promise }
    const start = performance.now()
    try {
      const epoch = epochOf(clock())
      const running = {
        ...{ threads: options.threads, offline: options.offline, signal: stop.signal },
        onProgress: (done: number, total: number) => void Object.assign(work, { done, total }),
      }
      const { verdict, rechecked } = await (options.auditShard ?? auditShard)(
        parts,
        task,
        running,
        epoch,
        () => chooser.accusations(task),
      )
      stop.signal.throwIfAborted()
      // perhaps it is this machine that reaches nothing
      if (rechecked.findings.every(({ code }) => code === 'source_gone') && !isLost(task))
        throw new ShoalError('source_gone', `the archive of segment ${segment} can't be had now`)
      const { bytes } = await makeVerdict(verdict, home.signer)
      await verdicts.put({ manifest: shard.manifest, producer: shard.peer }, bytes)
      failed.delete(keyOf(task))
      done++
      log.info({ segment, manifest: place.manifest, ruling: verdict.ruling }, 'a shard is audited')
      await tell(id, bytes)
      options.onAudit?.({ ...place, how: 'done', ruling: verdict.ruling })
    } catch (error) {
      const { code = 'unexpected', message } = error as ShoalError
      if (FATAL.includes(code)) throw error
      if (!stop.signal.aborted) fail(task, place, code, message)
    } finally {
      tookMs += performance.now() - start
      current = null
      resolve()
    }
  }

  /** Whether it was tried for so long that it may be gone for good. */
  function isLost(task: AuditTask): boolean {
    const last = failed.get(keyOf(task))
    return last !== undefined && clock() - last.since >= LOST_MS
  }

  /** Others take a number of verdicts at a time: what is too much now is told later. */
  async function tell(id: CID, bytes: Uint8Array): Promise<void> {
    const { verdict, code } = await ledger.add(bytes, 'own')
    if (verdict === 'accept') await network.publish(id, bytes)
    else log.warn({ code }, 'a verdict was not told')
    if (code === 'verdict_flood') untold.push({ id, bytes, nextAt: clock() + AGAIN_MS })
  }

  async function tellUntold(): Promise<void> {
    const now = clock()
    const ready = untold.filter(({ nextAt }) => nextAt <= now)
    untold = untold.filter(({ nextAt }) => nextAt > now)
    for (const { id, bytes } of ready) await tell(id, bytes)
  }

  function fail(task: AuditTask, place: Place, code: string, message: string): void {
    const now = clock()
    const { tries, since } = failed.get(keyOf(task)) ?? { tries: 0, since: now }
    const againMs = isLost(task) ? LOST_MS : Math.min(AGAIN_MS * 2 ** tries, MAX_AGAIN_MS)
    failed.set(keyOf(task), { place, code, message, tries: tries + 1, since, nextAt: now + againMs })
    log.warn({ segment: place.segment, manifest: place.manifest, code, message }, 'an audit failed')
    options.onAudit?.({ ...place, how: 'failed', code, message })
  }

  async function loop(): Promise<void> {
    while (!ending) {
      const start = performance.now()
      await look().catch(tolerate)
      await tellUntold()
      const [task] = due
      // who has more to tell than others take has time
      if (task && untold.length === 0 && mayWork() && (await options.mayBegin()) && !ending) {
        setDue(due.slice(1))
        await audit(task)
        continue
      }
      const lookMs = performance.now() - start
      await bell.wait(LOOK_MS)
      if (!ending) await sleep(Math.max(GATHER_MS, lookMs / LOOK_SHARE))
    }
  }

  loop()
    .catch((error: ShoalError) => options.onFatal(error))
    .finally(async () => {
      forget()
      await demands.close()
      ended.resolve()
    })

  return {
    status: (): AuditStatus => ({
      waiting: due.length,
      demanded: demands.atWork(),
      current: current?.work ?? null,
      done,
      seconds: tookMs / 1000,
      failures: [...failed.values()].map(({ place, code, message, tries, nextAt }) => ({
        ...place,
        ...{ code, message, tries, nextAt },
      })),
    }),
    /** Whether a new segment may be begun: not while audits wait. Who may not is told by `onCaughtUp`. */
    letsWork(): boolean {
      hasPutOff = due.length > 0
      return !hasPutOff
    },
    demand: demands.verify,
    outlook: chooser.outlook,
    look() {
      if (!mayWork()) current?.stop.abort()
      bell.ring()
    },
    wake: () => bell.ring(),
    async without<T>(campaign: CID, something: () => Promise<T>): Promise<T> {
      barred.add(campaign.toString())
      try {
        setDue(due.filter(({ id }) => !id.equals(campaign)))
        if (current?.task.id.equals(campaign)) {
          current.stop.abort()
          await current.ended
        }
        return await something()
      } finally {
        barred.delete(campaign.toString())
      }
    },
    end(how: 'now' | 'later') {
      ending = true
      if (how === 'now') current?.stop.abort()
      bell.ring()
    },
    ended: ended.promise,
  }
}
