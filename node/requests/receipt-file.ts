import type { CID } from 'multiformats/cid'
import { open } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { decodeReceipt, type Receipt } from '../../protocol/records/receipt.ts'
import { nameOfPeer, verifySignature } from '../identity.ts'

/** Characters of a receipt's file: a record at its longest, in base64. */
const MAX_CHARS = 2 * 1024 * 1024

/** A receipt as a file for whoever asked: what it says, in words, and the signed record itself. */
export function writeReceiptFile(id: CID, { request, ...receipt }: Receipt, envelope: Uint8Array): string {
  const says = {
    about:
      'Shoal: a receipt for a request to remove something. What counts is the signed record at the end; `shoal removals verify` checks it.',
    ...{ request, receipt: id.toString(), node: nameOfPeer(receipt.source), reason: receipt.reason },
    received: new Date(receipt.received).toISOString(),
    decided: `by ${new Date(receipt.deadline).toISOString()}`,
    subjects: receipt.subjects.map(({ kind, hash, proof, removals }) => ({
      ...{ kind, hash: Buffer.from(hash).toString('hex'), proof },
      removals: removals.map(({ removal }) => removal.toString()),
    })),
    record: Buffer.from(envelope).toString('base64'),
  }
  return `${JSON.stringify(says, null, 2)}\n`
}

/**
 * Read a receipt's file. Of it only the signed record counts.
 *
 * @throws ShoalError `receipt_broken` where it holds none; `envelope_*`, `receipt_*` where the record is not as signed
 */
export async function readReceiptFile(text: string): Promise<{ id: CID; receipt: Receipt; node: string }> {
  const opened = await open(recordOf(text), verifySignature)
  const receipt = decodeReceipt(opened)
  return { id: opened.id, receipt, node: nameOfPeer(receipt.source) }
}

function recordOf(text: string): Uint8Array {
  try {
    if (text.length > MAX_CHARS) throw new RangeError('it is too long')
    const { record } = JSON.parse(text) as { record?: unknown }
    if (typeof record === 'string' && /^[A-Za-z0-9+/]+={0,2}$/.test(record))
      return new Uint8Array(Buffer.from(record, 'base64'))
  } catch {}
  throw new ShoalError(
    'receipt_broken',
    'this is no receipt: give the file as the node gave it, with its field `record`',
  )
}
