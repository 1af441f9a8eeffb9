import * as dagCbor from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { dagJsonOf, pieces } from './spelling.ts'

/** Messages of a sync, written with a plain encoder of DAG-CBOR, apart from the code. */

const campaign = CID.parse('bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua')
const NONE = new Uint8Array()
const zeros = (length: number) => new Uint8Array(length)
const digests = zeros(16_384)
const id = (first: number) => new Uint8Array(32).fill(first, 0, 1).fill(7, 31)
const ids = (...firsts: number[]) => new Uint8Array(Buffer.concat(firsts.map(id)))
const records = [Uint8Array.of(0xa0), Uint8Array.of(1, 2, 3)]

export function syncMessageCases(): unknown[] {
  return [
    request('digests', { ask: 'digests', campaign, digests }),
    request('compare: two buckets, three ids', {
      ...{ ask: 'compare', buckets: Uint8Array.of(0, 4, 3, 255) },
      ids: ids(1, 1, 255),
    }),
    request('compare: a bucket of which the asker has nothing', {
      ...{ ask: 'compare', buckets: zeros(2) },
      ids: NONE,
    }),
    request('compare: no bucket at all', { ask: 'compare', buckets: NONE, ids: NONE }),
    request('compare: all buckets', { ask: 'compare', buckets: allBuckets(), ids: NONE }),
    request('compare: as many ids as there can be', {
      ...{ ask: 'compare', buckets: zeros(2) },
      ids: zeros(16_384 * 32),
    }),
    request('pull: two ids', { ask: 'pull', ids: ids(1, 255) }),
    request('pull: as many ids as there can be', { ask: 'pull', ids: zeros(32_000) }),
    request('push: two records', { ask: 'push', records }),
    request('push: no record, since all have gone meanwhile', { ask: 'push', records: [] }),
    request('end', { ask: 'end' }),

    badRequest('not a map', ['end']),
    badRequest('it asks for nothing', {}),
    badRequest('it asks by a number', { ask: 1 }),
    badRequest('it asks for what nobody knows', { ask: 'all' }),
    badRequest('it asks for what a map inherits', { ask: 'toString' }),
    badRequest('unknown field', { ask: 'end', now: true }),
    badRequest('missing field', { ask: 'push' }),
    badRequest('digests of too few buckets', { ask: 'digests', campaign, digests: zeros(16_368) }),
    badRequest('digests of too many buckets', { ask: 'digests', campaign, digests: zeros(16_400) }),
    badRequest('digests of a campaign by its name', { ask: 'digests', campaign: 'kites', digests }),
    badRequest('half a bucket', { ask: 'compare', buckets: zeros(3), ids: NONE }),
    badRequest('a bucket beyond the last', { ask: 'compare', buckets: Uint8Array.of(4, 0), ids: NONE }),
    badRequest('a bucket twice', { ask: 'compare', buckets: Uint8Array.of(0, 1, 0, 1), ids: NONE }),
    badRequest('more buckets than there are', { ask: 'compare', buckets: zeros(2050), ids: NONE }),
    badRequest('half an id', { ask: 'compare', buckets: zeros(2), ids: zeros(48) }),
    badRequest('oversize: one id too many to compare', {
      ...{ ask: 'compare', buckets: zeros(2) },
      ids: zeros(16_385 * 32),
    }),
    badRequest('nothing to pull', { ask: 'pull', ids: NONE }),
    badRequest('oversize: one id too many to pull', { ask: 'pull', ids: zeros(32_032) }),
    badRequest('ids as a list', { ask: 'pull', ids: [id(1)] }),
    badRequest('a record that is text', { ask: 'push', records: ['a0'] }),
    badRequest('oversize: more records than fit', { ask: 'push', records: Array(7001).fill(NONE) }),
    {
      ...{ comment: 'request: malformed', side: 'request', error: 'sync_message' },
      message: ['a16361736b'],
    },
    {
      ...{ comment: 'request: non-canonical', side: 'request', error: 'sync_message' },
      message: ['bf6361736b63656e64ff'],
    },

    answer('digests', 'digests', { digests }),
    answer('digests', 'null from who has not joined the campaign', { digests: null }),
    answer('compare', 'offers and lacks', { offers: ids(2), lacks: ids(1, 255), more: false }),
    answer('compare', 'nothing', { offers: NONE, lacks: NONE, more: false }),
    answer('compare', 'more than fits', { offers: zeros(16_384 * 32), lacks: NONE, more: true }),
    answer('pull', 'two records', { records, handled: 2 }),
    answer('pull', 'one that it has no more', { records: [], handled: 1 }),
    answer('push', 'ready for the next', {}),

    badAnswer('digests', 'none', {}),
    badAnswer('digests', 'too short', { digests: zeros(16_383) }),
    badAnswer('compare', 'without `more`', { offers: NONE, lacks: NONE }),
    badAnswer('compare', '`more` as a number', { offers: NONE, lacks: NONE, more: 1 }),
    badAnswer('compare', 'half an id', { offers: zeros(31), lacks: NONE, more: false }),
    badAnswer('compare', 'oversize: one id too many', {
      ...{ offers: zeros(16_385 * 32), lacks: NONE, more: true },
    }),
    badAnswer('pull', 'it handled nothing', { records, handled: 0 }),
    badAnswer('pull', 'it handled more than can be asked', { records, handled: 1001 }),
    badAnswer('pull', 'it handled half of one', { records, handled: 0.5 }),
    badAnswer('pull', 'a record that is a list', { records: [[]], handled: 1 }),
    badAnswer('push', 'unknown field', { thanks: true }),
    badAnswer('push', 'not a map', null),
  ]
}

function allBuckets(): Uint8Array {
  return Uint8Array.from(Array.from({ length: 1024 }, (_, i) => [i >> 8, i & 255]).flat())
}

function request(comment: string, value: object) {
  const message = dagCbor.encode(value)
  return { comment: `request: ${comment}`, side: 'request', message: pieces(message), value: short(value) }
}

function badRequest(comment: string, value: unknown) {
  const message = pieces(dagCbor.encode(value))
  return { comment: `request: ${comment}`, side: 'request', message, error: 'sync_message' }
}

function answer(ask: string, comment: string, value: object) {
  const message = dagCbor.encode(value)
  return {
    ...{ comment: `answer to ${ask}: ${comment}`, side: 'answer', ask },
    ...{ message: pieces(message), value: short(value) },
  }
}

function badAnswer(ask: string, comment: string, value: unknown) {
  return {
    ...{ comment: `answer to ${ask}: ${comment}`, side: 'answer', ask },
    ...{ message: pieces(dagCbor.encode(value)), error: 'sync_message' },
  }
}

/** In DAG-JSON, but for bytes, which are in pieces as messages are. */
function short(value: object): unknown {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      field instanceof Uint8Array ? { bytes: pieces(field) } : dagJsonOf(field),
    ]),
  )
}
