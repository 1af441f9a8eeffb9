import { createHash } from 'node:crypto'
import { cidOf, encode } from '../../protocol/codec.ts'
import { makeRemoval, type Removal } from '../../protocol/records/removal.ts'
import { decisive, subjectsInForce } from '../../protocol/rules/in-force.ts'
import {
  type RemovableRow,
  removerOf,
  rootOf,
  type SubjectKind,
  subjectHash,
} from '../../protocol/rules/remove.ts'
import { sealed, shardFields } from './records.ts'
import { bytes, dagJsonOf, hex, signerOf } from './spelling.ts'

const source = signerOf(1)
const other = signerOf(2)
const DAY = 86_400_000
const NOON = 1_760_000_000_000
const sha256 = (data: Uint8Array) => new Uint8Array(createHash('sha256').update(data).digest())

export async function removalCases(): Promise<unknown[]> {
  const valid = async (comment: string, change: Partial<Removal>) => {
    const { source: key, ...fields } = { ...removalFields(), ...change }
    const record = await makeRemoval(fields, source)
    return {
      comment,
      envelope: hex(record.bytes),
      id: record.id.toString(),
      value: dagJsonOf({ ...fields, source: key }),
    }
  }
  const invalid = (comment: string, change: object, error = 'removal_field') =>
    sealed(comment, 'removal', { ...removalFields(), ...change }, error, source)
  const before = cidOf(encode('before'))
  const { basis: _, ...withoutBasis } = removalFields()
  const { subject } = removalFields()
  return [
    await valid('an address, for ever', {}),
    await valid('a site, for a day', { subject: { ...subject, kind: 'origin' }, expires: NOON + DAY }),
    await valid('the second of its source, an image', {
      ...{ seq: 1, previous: before, subject: { ...subject, kind: 'image' }, reason: 'safety' },
    }),
    await valid('the first is taken back', { seq: 2, previous: before, negates: cidOf(encode('first')) }),

    await sealed('wrong domain: a shard is no removal', 'shard', shardFields(), 'removal_kind', other),
    await sealed('wrong key: of another source', 'removal', removalFields(), 'removal_key', other),
    await invalid('unknown field', { url: 'https://a.example/' }, 'removal_unknown_field'),
    await sealed('missing field', 'removal', withoutBasis, 'removal_field', source),
    await sealed('not a map', 'removal', [1, 2], 'removal_field', source),
    await sealed('malformed body', 'removal', new Uint8Array(), 'codec_malformed', source),
    await sealed('non-canonical body', 'removal', bytes('a2 6162 01 6161 02'), 'codec_not_canonical', source),
    await invalid('a subject nobody knows', { subject: { ...subject, kind: 'person' } }),
    await invalid('a short hash', { subject: { ...subject, hash: subject.hash.subarray(1) } }),
    await invalid('a reason nobody knows', { reason: 'mood' }),
    await invalid('a basis of two lines', { basis: 'a\nb' }),
    await invalid('oversize: a basis of 201 bytes', { basis: 'a'.repeat(201) }),
    await invalid('it ends as it begins', { expires: NOON }),
    await invalid('the second without the first', { seq: 1 }),
    await invalid('the first after another', { previous: before }),
    await invalid('the first takes another back', { negates: before }),
    await invalid('taken back for a day', {
      ...{ seq: 1, previous: before, negates: before, expires: NOON + DAY },
    }),
    await invalid('a key too short', { source: source.publicKey.subarray(1) }),
  ]
}

export async function removeCases(): Promise<unknown[]> {
  const uid = '0123456789abcdef0123456789abcdef'
  const row: RemovableRow = {
    ...{ uid, url: 'https://img.cdn.example:8443/a.jpg?w=1', page_url: 'http://blog.site.example/post' },
    sha256: 'ab'.repeat(32),
  }
  const subject = (comment: string, kind: SubjectKind, name: string) => {
    const hash = subjectHash(kind, name, sha256)
    return { comment, kind, name, hash: hash && hex(hash) }
  }
  const applied = async (
    comment: string,
    removals: [signer: typeof source, change: Partial<Removal>][],
    now = NOON,
  ) => {
    const records = await Promise.all(
      removals.map(async ([signer, change]) => {
        const { source: _, ...fields } = { ...removalFields(), ...change }
        const { bytes, id } = await makeRemoval(fields, signer)
        return { bytes, id, value: { ...fields, source: signer.publicKey } }
      }),
    )
    const subjects = subjectsInForce(records.map(decisive), now)
    const root = rootOf(subjects, sha256)
    return {
      ...{ comment, now, removals: records.map(({ bytes }) => hex(bytes)), row },
      ...{ root: root && hex(root), removed: removerOf(subjects, sha256)(row) },
    }
  }
  const named = (kind: SubjectKind, name: string): Partial<Removal> => ({
    subject: { kind, hash: subjectHash(kind, name, sha256)! },
  })
  const after = { seq: 1, previous: cidOf(encode('before')) }
  const first = await makeRemoval({ ...removalFields(), ...named('pair', uid) }, source)
  return [
    subject('a pair', 'pair', uid),
    subject('a pair in capitals is none', 'pair', uid.toUpperCase()),
    subject('an address', 'url', 'https://a.example/b.jpg?c=d'),
    subject('over http it is the same', 'url', 'http://a.example/b.jpg?c=d'),
    subject('without fragment and credentials', 'url', 'https://me:you@a.example/b.jpg?c=d#e'),
    subject('as the URL Standard spells it', 'url', 'HTTPS://A.example:443/x/../b.jpg?c=d'),
    subject('another port is another address', 'url', 'https://a.example:8443/b.jpg?c=d'),
    subject('an address of another kind', 'url', 'ftp://a.example/b.jpg'),
    subject('a site', 'origin', 'a.example'),
    subject('a site by an address', 'origin', 'https://A.example:8443/b'),
    subject('a site whose name ends in a dot', 'origin', 'a.example.'),
    subject('a site in another script', 'origin', 'bücher.example'),
    subject('an image', 'image', 'cd'.repeat(32)),
    subject('an image by another hash', 'image', 'cd'.repeat(16)),

    await applied('nothing', []),
    await applied('the pair', [[source, named('pair', uid)]]),
    await applied('another pair', [[source, named('pair', 'f'.repeat(32))]]),
    await applied('its address', [[source, named('url', row.url)]]),
    await applied('its address without query', [
      [source, named('url', 'https://img.cdn.example:8443/a.jpg')],
    ]),
    await applied('its image', [[source, named('image', row.sha256)]]),
    await applied('the site of the image', [[source, named('origin', 'img.cdn.example')]]),
    await applied('a site above that of the image', [[source, named('origin', 'cdn.example')]]),
    await applied('the site of the page', [[source, named('origin', 'blog.site.example')]]),
    await applied('a site above that of the page', [[source, named('origin', 'site.example')]]),
    await applied('a site below that of the page', [[source, named('origin', 'www.blog.site.example')]]),
    await applied('a name without a dot above both', [[source, named('origin', 'example')]]),
    await applied('before it is over', [[source, { ...named('pair', uid), expires: NOON + 1 }]]),
    await applied('when it is over', [[source, { ...named('pair', uid), expires: NOON + 1 }]], NOON + 1),
    await applied('taken back by its source', [
      [source, named('pair', uid)],
      [source, { ...named('pair', uid), ...after, negates: first.id }],
    ]),
    await applied('taken back by another', [
      [source, named('pair', uid)],
      [other, { ...named('pair', uid), ...after, negates: first.id }],
    ]),
    await applied('two sources, one subject: the root is as of one', [
      [source, named('pair', uid)],
      [other, named('pair', uid)],
    ]),
    await applied('several kinds, in any order', [
      [source, named('image', 'ee'.repeat(32))],
      [source, named('url', 'https://z.example/')],
      [source, named('url', 'https://y.example/')],
      [source, named('pair', 'f'.repeat(32))],
    ]),
  ]
}

export function removalFields(): Removal {
  return {
    ...{ campaign: cidOf(encode('campaign')), source: source.publicKey, seq: 0, previous: null },
    subject: { kind: 'url', hash: subjectHash('url', 'https://a.example/b.jpg', sha256)! },
    ...{ reason: 'rights', basis: 'ticket 17', negates: null, issued: NOON, expires: null },
  }
}
