import { ShoalError } from '../../protocol/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { parseManifest } from '../parse-cid.ts'
import type { AuditTask } from './audit-shard.ts'

/**
 * The shard that a manifest names, in whichever campaign it is. Of several producers who have signed it, one whose is
 * not refused.
 *
 * @throws ShoalError `cid_invalid`, `shard_unknown`
 */
export async function findShard(ledger: Ledger, text: string): Promise<AuditTask> {
  const manifest = parseManifest(text)
  const found: AuditTask[] = []
  for (const { id, campaign } of ledger.campaigns())
    for (const shard of (await ledger.judgements(id)).shards())
      if (shard.manifest.equals(manifest)) found.push({ id, campaign, segment: shard.segment, shard })
  const best = found.find(({ shard }) => shard.state !== 'refused') ?? found[0]
  if (best) return best
  throw new ShoalError(
    'shard_unknown',
    `no record of shard ${text} has come to this node: is it of a campaign that it takes part in?`,
  )
}
