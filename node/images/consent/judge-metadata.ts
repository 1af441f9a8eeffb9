import {
  type Consent,
  type ConsentSignal,
  type Weighed,
  weighConsents,
} from '../../../protocol/rules/consent.ts'
import { readTrainingMining } from '../../../protocol/rules/training-mining.ts'
import { readXmp } from '../../../protocol/rules/xmp.ts'
import { findMetadata } from './find-metadata.ts'
import { readTrainingMiningAssertions } from './read-jumbf.ts'

/**
 * What a picture's own metadata says: XMP, and the manifests of C2PA.
 *
 * @param format - as `sniff` names it
 * @param honoured - the campaign's `pipeline.consent`
 */
export function judgeMetadata(
  bytes: Uint8Array,
  format: string,
  honoured: readonly ConsentSignal[],
): Weighed {
  const { xmp, jumbf } = findMetadata(bytes, format)
  const consents = [
    ...xmp.map((packet): [ConsentSignal, Consent] => ['XMP', readXmp(packet)]),
    ...(jumbf === null ? [] : readTrainingMiningAssertions(jumbf)).map(
      (assertion): [ConsentSignal, Consent] => ['C2PA', readTrainingMining(assertion)],
    ),
  ]
  return weighConsents(consents, honoured)
}
