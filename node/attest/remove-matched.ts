import type { CID } from 'multiformats/cid'
import { equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { subjectHash } from '../../protocol/rules/remove.ts'
import { sha256 } from '../sha256.ts'
import type { AttestParts } from './attest.ts'

/** Rows of one scan that may match: beyond this a list is wrong, or a whole site has to be removed. */
const MAX_MATCHED = 100_000
/** What people read for a reason; it must not tell by which list. */
const BASIS = 'scan'

/**
 * Remove pairs for good, each by its own name: a removal of the picture or its address would tell everybody its hash, while
 * that of a pair means nothing to who lacks the shard.
 *
 * @param uids - of the pairs
 * @returns the last removal of this node's, with which all of them are out; null where there are none
 * @throws ShoalError `attest_many`; as `Removals.issue`
 */
export async function removeMatched(
  { home: { signer }, removals }: Pick<AttestParts, 'home' | 'removals'>,
  campaign: CID,
  uids: readonly string[],
): Promise<CID | null> {
  if (uids.length === 0) return null
  if (uids.length > MAX_MATCHED)
    throw new ShoalError(
      'attest_many',
      `${uids.length} rows match: is it the right list? Where it is, remove the sites they are on first, with \`shoal optout --origin\``,
    )
  const { ids } = await removals.issue(
    campaign,
    uids.map((uid) => ({
      subject: { kind: 'pair', hash: subjectHash('pair', uid, sha256)! },
      ...{ reason: 'safety', basis: BASIS, expires: null },
    })),
  )
  const named = new Set(ids.map(String))
  let last: { id: CID; seq: number } | null = null
  for (const { id, value } of await removals.list(campaign))
    if (equalBytes(value.source, signer.publicKey) && named.has(String(id)) && value.seq > (last?.seq ?? -1))
      last = { id, seq: value.seq }
  return last!.id
}
