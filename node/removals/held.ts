import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { decodeRemoval, type Removal } from '../../protocol/records/removal.ts'
import { verifySignature } from '../identity.ts'
import { type Store, startingWith } from '../store/store.ts'

/** A removal that is known here. */
export interface HeldRemoval {
  id: CID
  value: Removal
}

/** The removals of a campaign that this node knows and takes no part in, in no order. */
export async function* readNotices({ notices }: Store, campaign: CID): AsyncGenerator<HeldRemoval> {
  for await (const envelope of notices.values(startingWith(campaign.bytes))) {
    const opened = await open(envelope, verifySignature)
    if (opened.kind === 'removal') yield { id: opened.id, value: decodeRemoval(opened) }
  }
}

export function noticeKey(campaign: CID, id: CID): Uint8Array {
  return Buffer.concat([campaign.bytes, id.bytes])
}
