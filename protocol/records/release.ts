import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { cidOf, decode, encode, equalBytes } from '../codec.ts'
import { type Opened, type Sealed, type Signer, seal } from '../envelope.ts'
import { ShoalError } from '../errors.ts'
import { MAX_INDEX, MAX_OPERATORS, MAX_PAGE_ENTRIES, MAX_RELEASE_PAGES, MAX_VERIFIERS } from '../limits.ts'
import { PROFILES } from '../rules/profiles.ts'
import { compareBytes } from '../rules/select.ts'
import { fileLink, integer, key, link, list, map, sha256Bytes, validate } from './fields.ts'

/** See `rootOf` in protocol/rules/remove.ts; null where no removal is in force. */
const root = v.nullable(sha256Bytes)

const ContentSchema = v.pipe(
  map({
    type: v.literal('release'),
    /** id of the campaign's record */
    campaign: link('dag-cbor'),
    /** which rows are left out by what is in their pictures, see protocol/rules/profiles.ts */
    profile: v.picklist(PROFILES),
    /** place among the campaign's releases with this profile, from 1 */
    number: integer(1, MAX_INDEX),
    /** what a shard had to satisfy to be taken, see protocol/rules/standing.ts */
    policy: map({
      quorum: integer(1, MAX_VERIFIERS),
      operators: v.nullable(
        v.pipe(
          v.array(key),
          v.maxLength(MAX_OPERATORS),
          v.check((keys) => isAscending(keys, compareBytes), 'its keys must ascend'),
        ),
      ),
      leastStanding: integer(0, MAX_INDEX),
    }),
    /** the pages of its shards, all but the last of MAX_PAGE_ENTRIES */
    shards: list(link('dag-cbor'), { min: 1, max: MAX_RELEASE_PAGES }, String),
    counts: map({
      shards: integer(1),
      /** rows that are left */
      pairs: integer(0),
      /** rows that fell: what a shard before has, what was removed, and what the profile leaves out */
      duplicates: integer(0),
      removed: integer(0),
      unfit: integer(0),
    }),
    removals: root,
    /** the custodian whose word on each shard's pictures is in the entries, or null where none was asked for */
    attestedBy: v.nullable(key),
    /** CID of the content that this one takes the place of, or null */
    supersedes: v.nullable(link('dag-cbor')),
  }),
  v.check(
    ({ shards, counts }) => shards.length === Math.ceil(counts.shards / MAX_PAGE_ENTRIES),
    'there are more or fewer pages than its shards fill',
  ),
  v.check(
    ({ number, supersedes }) => (number === 1) === (supersedes === null),
    'number is 1 where nothing is superseded, and only there',
  ),
)

const EntrySchema = map({
  segment: integer(0, MAX_INDEX),
  manifest: link('dag-cbor'),
  /** id of the producer's record of the shard, which is a block as well */
  record: link('dag-cbor'),
  /** the shard's own `pairs.parquet` where no row fell, else what is left of it */
  pairs: fileLink,
  /** of `pairs` */
  bytes: integer(0),
  rows: integer(0, MAX_INDEX),
  /** rows of the shard that fell */
  duplicates: integer(0, MAX_INDEX),
  removed: integer(0, MAX_INDEX),
  unfit: integer(0, MAX_INDEX),
  /** id of an attestation that names the shard's `pairs.parquet`, or this entry's; a block as well; or null */
  attestation: v.nullable(link('dag-cbor')),
})

const PageSchema = v.pipe(
  v.array(EntrySchema),
  v.minLength(1),
  v.maxLength(MAX_PAGE_ENTRIES),
  v.check((entries) => isAscending(entries, compareEntries), 'its shards must ascend'),
)

const SignedSchema = v.pipe(
  map({
    /** CID of the content */
    release: link('dag-cbor'),
    /** the content's */
    campaign: link('dag-cbor'),
    profile: v.picklist(PROFILES),
    number: integer(1, MAX_INDEX),
    /** the head of the removals that were applied */
    removals: map({
      /** grows with each of the signer's heads of this campaign */
      seq: integer(0),
      /** the content's `removals` */
      root,
      /** when the signer last looked for removals, and by when it will have looked again */
      thisUpdate: integer(0),
      nextUpdate: integer(0),
    }),
    /** the signer */
    peer: key,
  }),
  v.check(
    ({ removals }) => removals.thisUpdate < removals.nextUpdate,
    'its removals end before they begin, or as they do',
  ),
)

/** What a release consists of. Nobody's name is in it: whoever makes it of the same records makes the same block. */
export type ReleaseContent = v.InferOutput<typeof ContentSchema>
/** One shard of a release. */
export type ReleaseEntry = v.InferOutput<typeof EntrySchema>
/** A peer's signed word for a release: what it consists of, and that removals were looked for. */
export type Release = v.InferOutput<typeof SignedSchema>

/** The order of shards in a release: by segment, then by manifest. */
export function compareEntries(
  a: Pick<ReleaseEntry, 'segment' | 'manifest'>,
  b: Pick<ReleaseEntry, 'segment' | 'manifest'>,
): number {
  return a.segment - b.segment || compareBytes(a.manifest.bytes, b.manifest.bytes)
}

/** @throws ShoalError `release_field`, `release_unknown_field` */
export function makeReleaseContent(content: ReleaseContent): { bytes: Uint8Array; cid: CID } {
  const bytes = encode(validate('release', ContentSchema, content))
  return { bytes, cid: cidOf(bytes) }
}

/** @throws ShoalError `codec_*`, `release_field`, `release_unknown_field` */
export function decodeReleaseContent(bytes: Uint8Array): ReleaseContent {
  return validate('release', ContentSchema, decode(bytes))
}

/** @throws ShoalError `release_field`, `release_unknown_field` */
export function makeReleasePage(entries: ReleaseEntry[]): { bytes: Uint8Array; cid: CID } {
  const bytes = encode(validate('release', PageSchema, entries))
  return { bytes, cid: cidOf(bytes) }
}

/** @throws ShoalError `codec_*`, `release_field`, `release_unknown_field` */
export function decodeReleasePage(bytes: Uint8Array): ReleaseEntry[] {
  return validate('release', PageSchema, decode(bytes))
}

/** @throws ShoalError `release_field`, `release_unknown_field` */
export function makeRelease(fields: Omit<Release, 'peer'>, signer: Signer): Promise<Sealed> {
  const release = validate('release', SignedSchema, { ...fields, peer: signer.publicKey })
  return seal('release', encode(release), signer)
}

/**
 * @throws ShoalError `codec_*` for the body; `release_kind` for another record; `release_field`,
 *   `release_unknown_field`; `release_key` where another key than the named one signed
 */
export function decodeRelease(record: Opened): Release {
  if (record.kind !== 'release')
    throw new ShoalError('release_kind', `${record.id} is a ${record.kind}, not a release`)
  const release = validate('release', SignedSchema, decode(record.body))
  if (!equalBytes(release.peer, record.key)) {
    throw new ShoalError(
      'release_key',
      `release ${record.id} names another signer than the one who signed it`,
    )
  }
  return release
}

function isAscending<Item>(items: readonly Item[], compare: (a: Item, b: Item) => number): boolean {
  return items.every((item, i) => i === 0 || compare(items[i - 1]!, item) < 0)
}
