import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { cidOf, decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import {
  MAX_ADDRESS_BYTES,
  MAX_CUSTODIANS,
  MAX_INDEX,
  MAX_LABEL_BYTES,
  MAX_LIST_ENTRIES,
  MAX_MODEL_FILE_BYTES,
  MAX_MODEL_FILES,
  MAX_OPERATORS,
  MAX_PARTS,
  MAX_SAMPLES,
  MAX_SOURCES,
  MAX_VERIFIERS,
} from '../limits.ts'
import { CONSENT_SIGNALS, REQUIRED_CONSENT } from '../rules/consent.ts'
import { segmentCount } from '../rules/segment.ts'
import { fileLink, integer, key, line, list, map, real, sha256Hex, validate } from './fields.ts'
import { FilterRulesSchema } from './rules.ts'
import { SafetySchema } from './safety.ts'

const Source = map({
  kind: v.picklist(['warc', 'wat']),
  /** what an entry of the list follows to make its address; '' where the files are the organiser's own */
  base: v.pipe(
    v.string(),
    v.maxBytes(MAX_ADDRESS_BYTES),
    v.regex(/^(https?:\/\/[a-z0-9.:[\]-]+\/([!-"$->@-~]+\/)?)?$/),
  ),
  /** a text file: an entry a line, UTF-8, each line ended by LF */
  list: fileLink,
  /** entries of the list */
  count: integer(1, MAX_LIST_ENTRIES),
  /** equal parts each entry is worked in */
  parts: integer(1, MAX_PARTS),
})

const Model = map({
  /** where the files come from, for people: the files' hashes decide */
  repo: line(MAX_LABEL_BYTES),
  files: list(
    map({
      path: v.pipe(
        v.string(),
        v.maxBytes(MAX_LABEL_BYTES),
        v.check(isInside, 'it must be a path below the model'),
      ),
      sha256: sha256Hex,
      bytes: integer(0, MAX_MODEL_FILE_BYTES),
    }),
    { min: 1, max: MAX_MODEL_FILES },
    ({ path }) => path,
  ),
})

/** Plain names only: the path is joined to a directory of the reader's and to a web address. */
function isInside(path: string): boolean {
  return path.split('/').every((name) => /^[\w.-]+$/.test(name) && !/^\.+$/.test(name))
}

const Pipeline = map({
  model: Model,
  rules: FilterRulesSchema,
  consent: v.pipe(
    list(v.picklist(CONSENT_SIGNALS), { max: CONSENT_SIGNALS.length }),
    v.check(
      (names) => REQUIRED_CONSENT.every((name) => names.some((one) => one === name)),
      `${REQUIRED_CONSENT.join(' and ')} can't be left out`,
    ),
  ),
  safety: SafetySchema,
})

const Audit = map({
  /** verifiers of a segment, and rows each of them checks */
  verifiers: integer(1, MAX_VERIFIERS),
  samples: integer(1, MAX_SAMPLES),
  /** greatest difference of two honest cosines: fp32 devices, coarser ones, a re-encoded image */
  tolerances: map({ full: real(0, 1), reduced: real(0, 1), reencoded: real(0, 1) }),
})

const Trust = v.pipe(
  map({
    mode: v.picklist(['open', 'listed']),
    operators: list(key, { max: MAX_OPERATORS }, (operator) => operator.join()),
  }),
  v.check(
    ({ mode, operators }) => (mode === 'listed') === operators.length > 0,
    "'listed' needs operators, 'open' has none",
  ),
)

const CampaignSchema = v.pipe(
  map({
    name: line(MAX_LABEL_BYTES),
    /** goes into the user agent that site owners read; null for a campaign of one's own files only */
    contact: v.nullable(
      v.pipe(
        v.string(),
        v.maxBytes(MAX_LABEL_BYTES),
        v.check(isContact, 'it must be an e-mail or https address without ( ) < > " \\'),
      ),
    ),
    sources: list(Source, { min: 1, max: MAX_SOURCES }),
    pipeline: Pipeline,
    audit: Audit,
    trust: Trust,
    /** whose removals hold for good, besides the organiser's */
    custodians: list(key, { max: MAX_CUSTODIANS }, (custodian) => custodian.join()),
    /** the organiser's, whose signature the envelope bears */
    key,
  }),
  v.check(
    ({ contact, sources }) => contact !== null || sources.every(({ base }) => base === ''),
    'a campaign that others take part in needs a contact',
  ),
  v.check((campaign) => segmentCount(campaign) <= MAX_INDEX, `there are more than ${MAX_INDEX} segments`),
)

/** Printable ASCII that stays inside the comment of an HTTP user agent. */
export function isContact(text: string): boolean {
  return /^[!#-'*-;=?-[\]-~]+$/.test(text) && (/^https:\/\/[^/]+/.test(text) || /^[^@]+@[^@]+$/.test(text))
}

/** The signed manifest that defines one dataset. Its record's id names it. */
export type Campaign = v.InferOutput<typeof CampaignSchema>

/** 97 % to catch 2 % forged rows. Tolerances: what fp32 devices, TF32 or fp16, and JPEG's losses amount to. */
export const DEFAULT_AUDIT: Campaign['audit'] = {
  verifiers: 3,
  samples: 60,
  tolerances: { full: 1e-3, reduced: 5e-3, reencoded: 0.02 },
}

/** @throws ShoalError `campaign_field`, `campaign_unknown_field` */
export function makeCampaign(fields: Omit<Campaign, 'key'>, signer: Signer): Promise<Sealed> {
  const campaign = validate('campaign', CampaignSchema, { ...fields, key: signer.publicKey })
  return seal('campaign', encode(campaign), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `campaign_kind` for another record; `campaign_field`,
 *   `campaign_unknown_field`; `campaign_key` where another key than the organiser's signed
 */
export function decodeCampaign(record: Opened): Campaign {
  if (record.kind !== 'campaign') {
    throw new ShoalError('campaign_kind', `${record.id} is a ${record.kind}, not a campaign`)
  }
  const campaign = validate('campaign', CampaignSchema, decode(record.body))
  if (!equalBytes(campaign.key, record.key)) {
    throw new ShoalError(
      'campaign_key',
      `campaign ${record.id} names another organiser than the one who signed it`,
    )
  }
  return campaign
}

/** What names a pipeline in manifests: rows of equal pipelines can be compared and merged. */
export function pipelineId(pipeline: Campaign['pipeline']): CID {
  return cidOf(encode(pipeline))
}
