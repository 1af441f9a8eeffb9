import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { dagJsonOf, pieces } from './spelling.ts'

/** Questions, written with a plain encoder of DAG-CBOR, apart from the code. */

const campaign = CID.parse('bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua')
const leaf = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
const tree = CID.create(1, 0x70, leaf.multihash)
const identity = CID.parse('bafkqaaa')
const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const GIB = 1024 ** 3

export function requestCases(): unknown[] {
  return [
    good('record', 'the first segment', { campaign, segment: 0 }),
    good('record', 'the last there can be', { campaign, segment: 2 ** 31 - 1 }),
    good('campaign', 'a campaign', { campaign }),
    good('file', 'a file from its beginning', { sha256, offset: 0 }),
    good('file', 'from the last byte of the longest file', { sha256, offset: 64 * GIB - 1 }),
    good('file', 'nothing of the longest file', { sha256, offset: 64 * GIB }),

    bad('record', 'a segment below the first', 'request_field', { campaign, segment: -1 }),
    bad('record', 'a segment beyond the last', 'request_field', { campaign, segment: 2 ** 31 }),
    bad('record', 'half a segment', 'request_field', { campaign, segment: 0.5 }),
    bad('record', 'no segment', 'request_field', { campaign }),
    bad('record', 'a campaign by its name', 'request_field', { campaign: 'kites', segment: 0 }),
    bad('record', 'unknown field', 'request_unknown_field', { campaign, segment: 0, all: true }),
    bad('campaign', 'a leaf', 'request_field', { campaign: leaf }),
    bad('campaign', 'the question for a record', 'request_unknown_field', { campaign, segment: 0 }),
    bad('campaign', 'not a map', 'request_field', [campaign]),
    bad('campaign', 'a campaign that is its own name', 'request_field', { campaign: identity }),
    bad('campaign', 'a node of a tree by version 0', 'request_field', { campaign: tree.toV0() }),
    bad('file', 'a hash as bytes', 'request_field', {
      ...{ sha256: Buffer.from(sha256, 'hex'), offset: 0 },
    }),
    bad('file', 'a hash in upper case', 'request_field', { sha256: sha256.toUpperCase(), offset: 0 }),
    bad('file', 'a hash too short', 'request_field', { sha256: sha256.slice(2), offset: 0 }),
    bad('file', 'a path', 'request_field', { sha256: '../identity.key', offset: 0 }),
    bad('file', 'an offset below zero', 'request_field', { sha256, offset: -1 }),
    bad('file', 'an offset beyond the longest file', 'request_field', { sha256, offset: 64 * GIB + 1 }),
    bad('file', 'no offset', 'request_field', { sha256 }),
    bad('file', 'a length', 'request_unknown_field', { sha256, offset: 0, length: 10 }),
    bad('file', 'oversize', 'request_oversize', { sha256, offset: 0, filler: new Uint8Array(1000) }),
    { comment: 'campaign: nothing', kind: 'campaign', message: [], error: 'codec_malformed' },
    {
      ...{ comment: 'file: fields in another order', kind: 'file', error: 'codec_not_canonical' },
      message: [`a2667368613235367840${Buffer.from(sha256).toString('hex')}666f666673657400`],
    },
  ]
}

function good(kind: string, comment: string, value: object) {
  return {
    ...{ comment: `${kind}: ${comment}`, kind },
    ...{ message: pieces(dagCbor.encode(value)), value: dagJsonOf(value) },
  }
}

function bad(kind: string, comment: string, error: string, value: object) {
  return { comment: `${kind}: ${comment}`, kind, message: pieces(dagCbor.encode(value)), error }
}
