import { CID } from 'multiformats/cid'
import { ShoalError } from '../protocol/errors.ts'

/**
 * Reads a CID that a person typed.
 *
 * @param hint - where the right ones are to be found
 * @throws ShoalError `cid_invalid`
 */
function parseCid(text: string, hint: string): CID {
  try {
    return CID.parse(text)
  } catch (cause) {
    const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
    throw new ShoalError('cid_invalid', `${shown} is no CID: ${hint}`, { cause })
  }
}

/** The CID of a shard's manifest. @throws ShoalError `cid_invalid` */
export function parseManifest(text: string): CID {
  return parseCid(text, '`shoal shard list` and `shoal segments` name the shards that are known here')
}

/** The CID of a shard's manifest, or of a release. @throws ShoalError `cid_invalid` */
export function parseSource(text: string): CID {
  return parseCid(text, '`shoal shard list` names the shards that are here')
}

/** The CID that names a campaign. @throws ShoalError `cid_invalid` */
export function parseCampaign(text: string): CID {
  return parseCid(text, '`shoal campaign list` names the campaigns here')
}

/** The id of a verdict's record. @throws ShoalError `cid_invalid` */
export function parseVerdict(text: string): CID {
  return parseCid(text, '`shoal shards` names the verdicts on each shard')
}

/** The CID of anything that is kept. @throws ShoalError `cid_invalid` */
export function parseRoot(text: string): CID {
  return parseCid(text, '`shoal pin list` and `shoal shard list` name what is kept here')
}

/** The CID of a signed release. @throws ShoalError `cid_invalid` */
export function parseRelease(text: string): CID {
  return parseCid(text, '`shoal release list` names the releases that are here')
}
