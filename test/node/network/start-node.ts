import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { loadIdentity } from '../../../node/identity.ts'
import { openLog } from '../../../node/log.ts'
import {
  type Answers,
  type Network,
  type NetworkOptions,
  startNetwork,
} from '../../../node/network/network.ts'
import { cidOf } from '../../../protocol/codec.ts'

export const bytes = (text: string) => new TextEncoder().encode(text)
export const text = (value: Uint8Array) => new TextDecoder().decode(value)

/** Some campaign's CID: every test has its own. */
export function campaignOf(name: string): CID {
  return cidOf(bytes(name))
}

const NOTHING: Answers = {
  record: async () => null,
  campaign: async () => null,
  file: () => null,
  sync: async () => {},
}

/** Blocks in memory, raw ones. */
export function blocksOf(...all: Uint8Array[]): NetworkOptions['blocks'] {
  const held = new Map(all.map((block) => [cidOf(block, 'raw').toString(), block]))
  const find = (cid: CID) => held.get(CID.createV1(cidOf(bytes(''), 'raw').code, cid.multihash).toString())
  return {
    has: async (cid) => find(cid) !== undefined,
    async *get(cid) {
      yield find(cid)!
    },
  }
}

const log = openLog('silent', 'stderr')

/** A node on loopback, alone until it calls somebody; ended with everything else by `stack`. */
export async function startNode(
  stack: AsyncDisposableStack,
  options: Partial<NetworkOptions> = {},
): Promise<Network> {
  const network = await startNetwork({
    identity: options.identity ?? (await makeIdentity(stack)),
    table: null,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    agent: 'shoal/test',
    mdns: false,
    local: true,
    dht: 'server',
    upnp: false,
    relayed: false,
    relay: false,
    answers: NOTHING,
    blocks: blocksOf(),
    lookMs: 200,
    log,
    ...options,
  })
  stack.defer(() => network.close())
  return network
}

export async function makeIdentity(stack: AsyncDisposableStack) {
  return loadIdentity(await makeDir(stack))
}

export async function makeDir(stack: AsyncDisposableStack): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-network-'))
  stack.defer(() => rm(dir, { recursive: true }))
  return dir
}

/** Wait until something is so, for a time that only what is broken takes. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 60_000,
): Promise<void> {
  const end = Date.now() + ms
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await setTimeout(20)
  }
}
