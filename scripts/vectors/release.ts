import { cidOf, encode } from '../../protocol/codec.ts'
import {
  makeRelease,
  makeReleaseContent,
  makeReleasePage,
  type Release,
  type ReleaseContent,
  type ReleaseEntry,
} from '../../protocol/records/release.ts'
import { sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const organiser = signerOf(1)
const other = signerOf(2)
const DAY = 86_400_000
const NOON = 1_760_000_000_000
const block = (name: string) => cidOf(encode(name))
const file = (name: string) => cidOf(encode(name), 'raw')
const root = new Uint8Array(32).fill(7)

export async function releaseCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Release>) => {
    const { peer, ...fields } = { ...releaseFields(), ...change }
    const record = await makeRelease(fields, organiser)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, peer }),
    }
  }
  const invalid = (comment: string, change: object, error = 'release_field') =>
    sealed(comment, 'release', { ...releaseFields(), ...change }, error, organiser)
  const { removals } = releaseFields()
  const { number: _, ...withoutNumber } = releaseFields()
  return [
    await valid('the first, valid for 30 days', {}),
    await valid('no removal in force', { removals: { ...removals, root: null } }),
    await valid('signed again', {
      removals: { ...removals, seq: 1, thisUpdate: NOON + DAY, nextUpdate: NOON + 31 * DAY },
    }),

    await sealed('wrong domain: a shard is no release', 'shard', shardFields(), 'release_kind', other),
    await sealed('wrong key: for another peer', 'release', releaseFields(), 'release_key', other),
    await invalid('unknown field', { note: 'new' }, 'release_unknown_field'),
    await invalid(
      'unknown field, deep inside',
      { removals: { ...removals, list: [] } },
      'release_unknown_field',
    ),
    await sealed('missing field', 'release', withoutNumber, 'release_field', organiser),
    await sealed('not a map', 'release', [1, 2], 'release_field', organiser),
    await sealed('malformed body', 'release', new Uint8Array(), 'codec_malformed', organiser),
    await sealed(
      'non-canonical body',
      'release',
      bytes('a2 6162 01 6161 02'),
      'codec_not_canonical',
      organiser,
    ),
    await invalid('a content that is a file', { release: file('content') }),
    await valid('without persons', { profile: 'no-person' }),
    await invalid('a profile nobody knows', { profile: 'everything' }),
    await invalid('number 0', { number: 0 }),
    await invalid('removals that end as they begin', { removals: { ...removals, nextUpdate: NOON } }),
    await invalid('a root of 31 bytes', { removals: { ...removals, root: root.subarray(1) } }),
    await invalid('a key too short', { peer: organiser.publicKey.subarray(1) }),
  ]
}

export function releaseContentCases(): unknown[] {
  const valid = (comment: string, change: Partial<ReleaseContent>) => {
    const value = { ...contentFields(), ...change }
    const { bytes, cid } = makeReleaseContent(value)
    return { comment, bytes: hex(bytes), cid: cid.toString(), value: dagJsonOf(value) }
  }
  const invalid = (comment: string, change: object, error = 'release_field') => ({
    comment,
    bytes: hex(encode({ ...contentFields(), ...change })),
    error,
  })
  const { counts, policy } = contentFields()
  const keys = [other.publicKey, organiser.publicKey].sort(Buffer.compare)
  return [
    valid('two pages', {}),
    valid('the first of its campaign, of one page', {
      ...{ number: 1, supersedes: null, shards: [block('page 1')] },
      counts: { ...counts, shards: 4096 },
    }),
    valid('removals were applied', { removals: root }),
    valid('verdicts of some operators alone', { policy: { ...policy, operators: keys } }),
    valid('a custodian has looked at every shard', { attestedBy: other.publicKey }),
    valid('without persons', { profile: 'no-person', counts: { ...counts, unfit: 70_000 } }),
    invalid('a profile nobody knows', { profile: 'everything' }),
    valid('no pair is left', { counts: { ...counts, pairs: 0 } }),

    invalid('unknown field', { price: 1 }, 'release_unknown_field'),
    invalid('another type', { type: 'shard' }),
    invalid('the first supersedes another', { number: 1 }),
    invalid('the second supersedes none', { supersedes: null }),
    invalid('a page too few', { shards: [block('page 1')] }),
    invalid('a page too many', { shards: ['page 1', 'page 2', 'page 3'].map(block) }),
    invalid('a page twice', { shards: [block('page 1'), block('page 1')] }),
    invalid('no pages', { shards: [], counts: { ...counts, shards: 0 } }),
    invalid('operators that descend', { policy: { ...policy, operators: keys.toReversed() } }),
    invalid('an operator twice', { policy: { ...policy, operators: [keys[0], keys[0]] } }),
    invalid('a quorum of none', { policy: { ...policy, quorum: 0 } }),
    invalid('attested by nobody in words', { attestedBy: 'nobody' }),
    invalid('half a pair', { counts: { ...counts, pairs: 0.5 } }),
    invalid('a root of 33 bytes', { removals: new Uint8Array(33) }),
    { comment: 'not a map', bytes: hex(encode([])), error: 'release_field' },
    { comment: 'malformed', bytes: '', error: 'codec_malformed' },
  ]
}

export function releasePageCases(): unknown[] {
  const valid = (comment: string, value: ReleaseEntry[]) => {
    const { bytes, cid } = makeReleasePage(value)
    return { comment, bytes: hex(bytes), cid: cid.toString(), value: dagJsonOf(value) }
  }
  const invalid = (comment: string, value: unknown, error = 'release_field') => ({
    comment,
    bytes: hex(encode(value)),
    error,
  })
  const entry = entryFields(0)
  const byManifest = [block('a'), block('b')].sort((a, b) => Buffer.compare(a.bytes, b.bytes))
  const two = byManifest.map((manifest) => ({ ...entry, manifest }))
  return [
    valid('three segments', [0, 1, 5].map(entryFields)),
    valid('two shards of one segment', two),
    valid('attested', [{ ...entry, attestation: block('attestation') }]),
    valid('all rows fell', [{ ...entry, rows: 0, duplicates: 80, removed: 10, unfit: 10 }]),

    invalid('empty', []),
    invalid('not a list', { 0: entry }),
    invalid('segments that descend', [entryFields(1), entryFields(0)]),
    invalid('manifests that descend', two.toReversed()),
    invalid('a shard twice', [entry, entry]),
    invalid('unknown field', [{ ...entry, nsfw: 1 }], 'release_unknown_field'),
    invalid('pairs that are a map', [{ ...entry, pairs: block('pairs') }]),
    invalid('an attestation that is a file', [{ ...entry, attestation: file('attestation') }]),
    invalid('rows below 0', [{ ...entry, rows: -1 }]),
    { comment: 'malformed', bytes: '82', error: 'codec_malformed' },
  ]
}

function releaseFields(): Release {
  return {
    ...{ release: block('content'), campaign: block('campaign'), profile: 'research', number: 1 },
    removals: { seq: 0, root, thisUpdate: NOON, nextUpdate: NOON + 30 * DAY },
    peer: organiser.publicKey,
  }
}

function contentFields(): ReleaseContent {
  return {
    ...{ type: 'release', campaign: block('campaign'), profile: 'research', number: 2 },
    policy: { quorum: 3, operators: null, leastStanding: 0 },
    shards: [block('page 1'), block('page 2')],
    counts: { shards: 4097, pairs: 1_000_000, duplicates: 50_000, removed: 3, unfit: 0 },
    ...{ removals: null, attestedBy: null, supersedes: block('before') },
  }
}

function entryFields(segment: number): ReleaseEntry {
  return {
    ...{ segment, manifest: block(`manifest ${segment}`), record: block(`record ${segment}`) },
    ...{ pairs: file(`pairs ${segment}`), bytes: 5000, rows: 95, duplicates: 4, removed: 1, unfit: 0 },
    attestation: null,
  }
}
