import { CID } from 'multiformats/cid'
import { open, type Verify } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { type Campaign, decodeCampaign } from '../../protocol/records/campaign.ts'
import type { Store, Table } from '../store/store.ts'
import { makePeers, type Peers } from './peers.ts'
import { makeRecordSet, makeShelf, type RecordSet, type Shelf } from './record-set.ts'
import { PAGE_BYTES, PAGE_ROWS } from './rows.ts'

/** A campaign whose records this node keeps. */
export interface Joined extends Shelf {
  id: CID
  campaign: Campaign
  /** a peer's number → when it was last active here, milliseconds since 1970 */
  members: Map<number, number>
}

export interface Memory {
  /** by the text of its id */
  joined: Map<string, Joined>
  peers: Peers
  set: RecordSet
}

/** Entries, and their bytes, that are read from the disk at once. */
const ENTRIES = 1_000
const ENTRIES_BYTES = 1024 * 1024

/** @throws ShoalError `ledger_broken` where the store lacks what its other tables speak of */
export async function loadMemory(store: Store, verify: Verify): Promise<Memory> {
  const joined = new Map<string, Joined>()
  const byNumber: Joined[] = []
  for await (const [key, id] of store.joined.iterator()) {
    const envelope = await store.campaigns.get(id)
    if (envelope === undefined) throw broken(`campaign ${CID.decode(id)} is missing`)
    const campaign = decodeCampaign(await open(envelope, verify))
    const one = { ...makeShelf(readNumber(key, 0)), id: CID.decode(id), campaign, members: new Map() }
    joined.set(one.id.toString(), one)
    byNumber[one.number] = one
  }
  const peers = makePeers()
  for await (const page of pagesOf(store.peers))
    for (const [key, publicKey] of page)
      if (peers.add(publicKey) !== readNumber(key, 0)) throw broken('the list of peers has a gap')
  for await (const page of pagesOf(store.members))
    for (const [key, time] of page)
      byNumber[readNumber(key, 0)]?.members.set(readNumber(key, 4), viewOf(time).getFloat64(0))
  const set = makeRecordSet()
  for await (const pages of pagesOf(store.rows))
    for (const [key, page] of pages) {
      const number = readNumber(key, 0)
      if (page.length !== PAGE_BYTES) throw broken(`page ${number} of the records is cut`)
      set.rows.restore(number, page)
      for (let row = number * PAGE_ROWS; row < (number + 1) * PAGE_ROWS; row++) {
        if (set.rows.word(row, 'kind') === 0) continue
        const shelf = byNumber[set.rows.word(row, 'campaign')]
        if (shelf === undefined) throw broken('there are records of no campaign')
        set.link(shelf, row)
      }
    }
  return { joined, peers, set }
}

/** An iterator's own loop awaits every entry by itself, which takes several times as long. */
async function* pagesOf(table: Table): AsyncGenerator<[Uint8Array, Uint8Array][]> {
  const iterator = table.iterator({ highWaterMarkBytes: ENTRIES_BYTES } as object)
  try {
    while (true) {
      const page = await iterator.nextv(ENTRIES)
      if (page.length === 0) return
      yield page
    }
  } finally {
    await iterator.close()
  }
}

function readNumber(key: Uint8Array, at: number): number {
  return viewOf(key).getUint32(at)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function broken(what: string): ShoalError {
  return new ShoalError(
    'ledger_broken',
    `the ledger's database is damaged: ${what}; move the database away and sync again from other nodes`,
  )
}
