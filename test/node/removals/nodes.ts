import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import * as assert from 'uvu/assert'
import { type Ledger, openLedger, verifyInPool } from '../../../node/ledger/ledger.ts'
import {
  addNotices,
  keepNotices,
  openRemovals,
  type Removals,
  type WantedRemoval,
} from '../../../node/removals/removals.ts'
import { openStore, type Store } from '../../../node/store/store.ts'
import type { Signer } from '../../../protocol/envelope.ts'
import { SUBJECTS } from '../../../protocol/records/removal.ts'
import { makeSigner, NOW, sealCampaign, syncBoth } from '../ledger/make-records.ts'

export const DAY = 86_400_000
export const organiser = makeSigner(0)
export const stranger = makeSigner(1)
export const campaign = await sealCampaign(4)
export const elsewhere = await sealCampaign(4, { name: 'another' })

export interface Node {
  store: Store
  ledger: Ledger
  removals: Removals
  time: { now: number }
  /** envelopes that were told to others */
  told: Uint8Array[]
  /** Take part in the network of nodes that it may ask. */
  connect(from?: Node[]): void
  reopen(): Promise<void>
}

/** Nodes of some keys that know the campaign; those that join take part in it. */
export async function withNodes(
  some: { signer: Signer; joins?: boolean }[],
  work: (...nodes: Node[]) => Promise<void>,
): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-removals-'))
  const nodes: Node[] = []
  const close = async (node: Node) => {
    await node.removals.close()
    await node.ledger.close()
    await node.store.close()
  }
  try {
    for (const [i, { signer, joins = true }] of some.entries()) {
      const time = { now: NOW }
      const clock = () => time.now
      const open = async () => {
        const store = await openStore(join(dir, `${i}`))
        const ledger = await openLedger({ store, verify: verifyInPool, clock })
        return { store, ledger, removals: await openRemovals({ store, ledger, signer, clock }) }
      }
      const node: Node = {
        ...(await open()),
        ...{ time, told: [] },
        connect: (from = []) =>
          node.removals.connect({
            publish: async (_, bytes) => node.told.push(bytes),
            async refresh(id) {
              for (const other of from) {
                if (joins) await syncBoth({ ...campaign, id }, node.ledger, other.ledger)
                else await visit(node.store, other.ledger, id)
              }
              return from.length > 0
            },
          }),
        async reopen() {
          await close(node)
          Object.assign(node, await open())
        },
      }
      for (const one of [campaign, elsewhere]) await node.store.campaigns.put(one.id.bytes, one.bytes)
      if (joins) for (const one of [campaign, elsewhere]) await node.ledger.add(one.bytes, 'own')
      nodes.push(node)
    }
    await work(...nodes)
  } finally {
    for (const node of nodes) await close(node)
    await rm(dir, { recursive: true })
  }
}

/** As a visit with a ledger of its own: both sides learn what the other knows. */
async function visit(store: Store, ledger: Ledger, id: CID): Promise<void> {
  await keepNotices(store, ledger, id, await addNotices(store, ledger, id))
}

export const want = (number: number, change: Partial<WantedRemoval> = {}): WantedRemoval => ({
  subject: { kind: 'url', hash: new Uint8Array(32).fill(number) },
  ...{ reason: 'rights', basis: 'a test', expires: NOW + DAY, ...change },
})

/** First bytes of all hashes that are in force. */
export async function inForce({ removals: all }: Node, id: CID = campaign.id): Promise<number[]> {
  const { subjects } = await all.inForce(id)
  return SUBJECTS.flatMap((kind) =>
    Array.from({ length: subjects[kind].length / 32 }, (_, i) => subjects[kind][i * 32]!),
  )
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; !(await holds()); await sleep(10))
    assert.ok(performance.now() < end, 'it takes too long')
}

/** It signs heads when it looks, which it does when it is connected. */
export async function untilHead(node: Node, seq: number): Promise<void> {
  node.connect()
  await until(async () => (await headsOf(node))[0]?.value.seq === seq)
}

export const headsOf = ({ ledger }: Node) => ledger.removalsOf(campaign.id).heads()
