import { ShoalError } from '../../protocol/errors.ts'
import { MAX_ADDRESS_BYTES } from '../../protocol/limits.ts'
import type { Campaign } from '../../protocol/records/campaign.ts'
import { locateSegment } from '../../protocol/rules/segment.ts'
import type { SegmentSource } from '../components.ts'
import type { Blocks } from '../store/store.ts'
import { readEntries } from './entries.ts'

/**
 * Where a segment of a campaign lies. What is not on a web server belongs to the organiser's machine: nobody's list
 * makes this one open its own files.
 *
 * @throws ShoalError `segment_range`, `entry_missing`, `entry_address`; `block_missing`, `block_corrupt` of the list
 */
export async function locateSource(
  blocks: Blocks,
  campaign: Pick<Campaign, 'sources'>,
  segment: number,
): Promise<SegmentSource> {
  const place = locateSegment(campaign, segment)
  const { kind, base, list, parts } = campaign.sources[place.source]!
  const name = (await readEntries(blocks, list))[place.entry]
  if (name === undefined)
    throw new ShoalError('entry_missing', `segment ${segment}: its list ends before it; leave the campaign`)
  const part = { index: place.part, count: parts }
  return { kind, location: addressOf(base, name), name, part }
}

/** @throws ShoalError `entry_address` */
export function addressOf(base: string, entry: string): string {
  const address = base + entry
  if (
    entry !== '' &&
    address.length <= MAX_ADDRESS_BYTES &&
    /^https?:\/\/[!-~]+$/.test(address) &&
    URL.canParse(address)
  )
    return address
  throw new ShoalError(
    'entry_address',
    `${JSON.stringify(address.slice(0, 200))} is no http(s) address: give the campaign a --base`,
  )
}
