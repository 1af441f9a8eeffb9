import { cidOf, encode } from '../../protocol/codec.ts'
import { type Attestation, makeAttestation } from '../../protocol/records/attestation.ts'
import { sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const source = signerOf(1)
const other = signerOf(2)
const NOON = 1_760_000_000_000
const block = (name: string) => cidOf(encode(name))
/** Files, in the order of their bytes. */
const files = ['a', 'b', 'c']
  .map((name) => cidOf(encode(name), 'raw'))
  .sort((a, b) => Buffer.compare(a.bytes, b.bytes))

export async function attestationCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Attestation>) => {
    const { source: key, ...fields } = { ...attestationFields(), ...change }
    const record = await makeAttestation(fields, source)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, source: key }),
    }
  }
  const invalid = (comment: string, change: object, error = 'attestation_field') =>
    sealed(comment, 'attestation', { ...attestationFields(), ...change }, error, source)
  const { scannedAt: _, ...withoutTime } = attestationFields()
  const { lists } = attestationFields()
  const [first] = lists as [Attestation['lists'][number]]
  return [
    await valid('two files, two lists, nothing matched', {}),
    await valid('one file of which all rows matched', {
      ...{ files: files.slice(0, 1), rows: 1, matched: 1, removal: block('removal') },
      lists: [{ ...first, rows: 1 }],
    }),
    await valid('no rows', { rows: 0, lists: lists.map((one) => ({ ...one, rows: 0 })) }),
    await valid('two lists of one kind', { lists: [first, { ...first, digest: new Uint8Array(32) }] }),

    await sealed(
      'wrong domain: a shard is no attestation',
      'shard',
      shardFields(),
      'attestation_kind',
      other,
    ),
    await sealed(
      'wrong key: of another source',
      'attestation',
      attestationFields(),
      'attestation_key',
      other,
    ),
    await invalid('unknown field: which rows matched', { found: [1] }, 'attestation_unknown_field'),
    await sealed('missing field', 'attestation', withoutTime, 'attestation_field', source),
    await sealed('not a map', 'attestation', [1, 2], 'attestation_field', source),
    await sealed('malformed body', 'attestation', new Uint8Array(), 'codec_malformed', source),
    await sealed(
      'non-canonical body',
      'attestation',
      bytes('a2 6162 01 6161 02'),
      'codec_not_canonical',
      source,
    ),
    await invalid('no file', { files: [] }),
    await invalid('files that descend', { files: [files[1], files[0]] }),
    await invalid('a file twice', { files: [files[0], files[0]] }),
    await invalid('a manifest for a file', { files: [block('manifest')] }),
    await invalid('no list', { lists: [] }),
    await invalid('a list twice', { lists: [first, first] }),
    await invalid('a list of a kind nobody knows', { lists: [{ ...first, kind: 'face' }] }),
    await invalid('an empty list', { lists: [{ ...first, entries: 0 }] }),
    await invalid('a short digest', { lists: [{ ...first, digest: new Uint8Array(31) }] }),
    await invalid('more rows looked up than there are', { lists: [{ ...first, rows: 101 }] }),
    await invalid('more matches than rows', { matched: 101, removal: block('removal') }),
    await invalid('what matched is not removed', { matched: 1 }),
    await invalid('a removal of nothing', { removal: block('removal') }),
    await invalid('half a row', { rows: 0.5 }),
    await invalid('a key too short', { source: source.publicKey.subarray(1) }),
  ]
}

function attestationFields(): Attestation {
  return {
    ...{ campaign: block('campaign'), files: files.slice(0, 2) },
    lists: [
      { kind: 'sha256', digest: new Uint8Array(32).fill(5), entries: 1_000_000, rows: 100 },
      { kind: 'pdq', digest: new Uint8Array(32).fill(6), entries: 20, rows: 90 },
    ],
    ...{ rows: 100, matched: 0, removal: null, scannedAt: NOON, source: source.publicKey },
  }
}
