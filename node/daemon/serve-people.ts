import { type Gateway, startGateway } from '../gateway/gateway.ts'
import type { Home } from '../home.ts'
import { playWeb } from '../play-web.ts'
import type { Removals } from '../removals/removals.ts'
import { openRequests, type Requests, startProver } from '../requests/requests.ts'
import type { Search } from '../search/search.ts'
import type { Blocks } from '../store/store.ts'
import type { DaemonOptions } from './options.ts'

interface PeopleParts {
  home: Home
  removals: Removals
  search: Pick<Search, 'search' | 'meant'>
  /** what the gateway gives away */
  blocks: Blocks
}

/** What is for people who run no node: the requests that they make, and the gateway where they do. */
export interface People {
  requests: Requests
  /** null: nowhere */
  gateway: Gateway | null
  close(): Promise<void>
}

/** @throws ShoalError `gateway_listen` */
export async function servePeople(
  { home, removals, search, blocks }: PeopleParts,
  { loopback, offline, clock, gateway: listen, log }: DaemonOptions,
): Promise<People> {
  await using opened = new AsyncDisposableStack()
  const played = loopback ? playWeb(loopback) : null
  const prover = offline ? null : startProver({ contact: `peer ${home.signer.peerId}`, played })
  opened.defer(() => prover?.close())
  const requests = await openRequests({ ...home, removals, prover, meant: search.meant, clock })
  opened.defer(() => requests.close())
  const people = { requests, search: search.search }
  const gateway = listen ? await startGateway({ blocks, listen, people, log }) : null
  opened.defer(() => gateway?.close())
  const kept = opened.move()
  return { requests, gateway, close: () => kept.disposeAsync() }
}
