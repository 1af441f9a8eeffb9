import { LRUCache } from 'lru-cache'
import type { CID } from 'multiformats/cid'
import type { ShoalError } from '../../protocol/errors.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import type { DeviceUse } from '../components.ts'
import type { Log } from '../log.ts'
import { playWeb } from '../play-web.ts'
import type { OpenGate } from '../safety/safety.ts'
import type { ModelPeer } from '../score/score.ts'
import type { Table } from '../store/store.ts'
import { openWeb } from '../web/web.ts'
import { announceBackOff } from './announce-back-off.ts'
import type { LeaseParts } from './lease.ts'
import { findModelPeers } from './obtain-model.ts'
import { openTools, type ToolOptions, type Tools } from './tools.ts'

interface Kept {
  tools: Promise<Tools>
  users: number
  /** once they are open */
  opened: Tools | null
}

export interface ToolboxOptions extends ToolOptions {
  /** bytes a second that archives and pictures of all campaigns together may take, or null */
  bytesPerSecond: number | null
  /** where answers of sites about opt-outs are kept; nowhere, if not given */
  sites?: Table | undefined
  /** where a campaign has a web of its own that this machine plays; nowhere, if not given */
  hostsOf?: ((campaign: CID) => Readonly<Record<string, string>> | null) | undefined
  /** what must not be asked for in a campaign; nothing, if not given */
  openGate?: ((campaign: CID) => Promise<OpenGate>) | undefined
}

/** Hosts remembered that other nodes say are to be left alone, for tools that are opened later. */
const MAX_HEARD = 10_000

export type Toolbox = ReturnType<typeof startToolbox>

/** Tools are opened with the first work that needs them. They and those of other nodes tell each other of back-offs. */
export function startToolbox(parts: LeaseParts, options: ToolboxOptions & { log: Log }) {
  const stop = new AbortController()
  const { use, leaveAlone, devices, limit, close } = makeToolbox(
    {
      ...options,
      onTrouble: ({ device, trouble: why }) => options.log.warn({ device, why }, 'a device is in trouble'),
    },
    (id, host, until, status) => {
      announceBackOff(parts, id, { host, until, status }).catch((error: ShoalError) =>
        options.log.debug({ host, code: error.code }, 'a back-off was not announced'),
      )
    },
    (id) => findModelPeers(parts.network, id, stop.signal),
  )
  const forget = parts.ledger.subscribe(({ how, backoff }) => {
    if (backoff !== null && how !== 'own') leaveAlone(backoff.host, backoff.until)
  })
  return {
    use,
    devices,
    limit,
    close(): Promise<void> {
      forget()
      stop.abort()
      return close()
    },
  }
}

/** The tools of the campaigns at work: opened once for all who use them, kept until another campaign needs its own. */
function makeToolbox(
  options: ToolboxOptions,
  onBackOff: (campaign: CID, host: string, untilMs: number, status: 429 | 503) => void,
  peersOf: (campaign: CID) => AsyncIterable<ModelPeer>,
) {
  const kept = new Map<string, Kept>()
  const heard = new LRUCache<string, number>({ max: MAX_HEARD })
  const { loopback, bytesPerSecond, sites } = options
  const web = openWeb({ ...(loopback ? playWeb(loopback).web : {}), bytesPerSecond })

  async function open(id: CID, campaign: Campaign): Promise<Tools> {
    const hosts = options.hostsOf?.(id) ?? null
    const played = hosts && { hosts }
    const gate = await options.openGate?.(id)
    const itsWeb = played ? openWeb({ ...playWeb(played).web, bytesPerSecond }) : null
    const its = { ...options, loopback: played ?? loopback }
    const tools = await openTools(campaign, its, {
      ...{ web: itsWeb ?? web, sites, gate },
      onBackOff: (host, untilMs, status) => onBackOff(id, host, untilMs, status),
      peers: () => peersOf(id),
    })
    for (const [host, untilMs] of heard) tools.images.leaveAlone(host, untilMs)
    if (itsWeb === null) return tools
    const close = async () => {
      await tools.close()
      await itsWeb.close()
    }
    return { ...tools, close }
  }

  function keep(id: CID, campaign: Campaign): Kept {
    const one: Kept = { tools: open(id, campaign), users: 0, opened: null }
    one.tools.then(
      (opened) => {
        one.opened = opened
      },
      // whoever waits for them is told
      () => {},
    )
    return one
  }

  async function close(name: string, { tools }: Kept): Promise<void> {
    kept.delete(name)
    await tools.then(
      (opened) => opened.close(),
      // whoever waited for them has been told
      () => {},
    )
  }

  return {
    /** @throws ShoalError as `openTools`; whatever `work` throws */
    async use<T>(id: CID, campaign: Campaign, work: (tools: Tools) => Promise<T>): Promise<T> {
      const name = id.toString()
      // models are large
      for (const [other, one] of kept) if (other !== name && one.users === 0) await close(other, one)
      const one = kept.get(name) ?? keep(id, campaign)
      kept.set(name, one)
      one.users++
      try {
        return await work(await one.tools)
      } finally {
        one.users--
        // a model that could not be had may come another time
        if (one.users === 0 && (await one.tools.catch(() => null)) === null) kept.delete(name)
      }
    },
    /** Have archives and pictures take so many bytes a second from now on. */
    limit: web.limit,
    /** Ask nothing of a host until then, since another node was told so. */
    leaveAlone(host: string, untilMs: number): void {
      heard.set(host, untilMs)
      for (const { tools } of kept.values())
        void tools.then(
          ({ images }) => images.leaveAlone(host, untilMs),
          () => {},
        )
    },
    /** those that are open */
    devices: (): DeviceUse[] => [...kept.values()].flatMap(({ opened }) => opened?.devices() ?? []),
    async close(): Promise<void> {
      for (const [name, one] of kept) await close(name, one)
      await web.close()
    },
  }
}
