import { ShoalError } from '../../protocol/errors.ts'
import type { ShardDetails } from '../components.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { parseManifest } from '../parse-cid.ts'
import { addPin, holdRoot } from '../pins/pins.ts'
import { describeShard, fetchShard } from '../shard/shard.ts'
import type { AuditingParts, AuditTask } from './audit-shard.ts'

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

/** Get a shard from whoever gives its blocks, and keep it. @throws ShoalError as `findShard`, `fetchShard` */
export async function fetchFound(
  { home, ledger, network }: Pick<AuditingParts, 'home' | 'ledger' | 'network'>,
  text: string,
): Promise<ShardDetails> {
  const { id, shard } = await findShard(ledger, text)
  const envelope = await ledger.find(shard.id)
  if (!envelope) throw new ShoalError('record_gone', `the record of shard ${text} is gone`)
  const release = holdRoot(home.blocks, shard.manifest)
  try {
    const fetched = await fetchShard(home, shard.manifest, envelope, (cid) => network.fetchBlock(id, cid))
    await addPin(home, shard.manifest, 'fetched')
    return describeShard(home, fetched)
  } finally {
    release()
  }
}
