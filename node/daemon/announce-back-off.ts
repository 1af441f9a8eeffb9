import type { CID } from 'multiformats/cid'
import { makeBackoff } from '../../protocol/records/backoff.ts'
import { MAX_BACKOFF_MS } from '../../protocol/timing.ts'
import { type LeaseParts, publishOwn } from './lease.ts'

/**
 * Tell every node of a campaign that a host asked to be left alone.
 *
 * @throws ShoalError `backoff_field` for a host whose name others would spell otherwise; `record_refused` where this
 *   node has told of too many
 */
export async function announceBackOff(
  parts: LeaseParts,
  campaign: CID,
  { host, until, status }: { host: string; until: number; status: 429 | 503 },
): Promise<void> {
  const issued = parts.clock()
  const fields = {
    campaign,
    host,
    status,
    issued,
    until: Math.min(Math.round(until), issued + MAX_BACKOFF_MS),
  }
  const { bytes } = await makeBackoff(fields, parts.signer)
  await publishOwn(parts, campaign, bytes)
}
