import type { ArchivedResponse } from '../components.ts'
import { readMember } from './gzip-member.ts'
import { decodeBody, readHttpResponse } from './http-response.ts'
import { withoutFragment } from './read-slice.ts'
import { dateOf, findRecord, readRecord, skipLineEnds, targetUriOf } from './warc-record.ts'

/**
 * The response in the bytes of one record, gzip member or not; of several in a member the first, or the first of `url`.
 *
 * @returns null where there is none
 * @throws BodyTooLarge
 */
export function readResponseAt(bytes: Buffer, maxBytes: number, url?: string): ArchivedResponse | null {
  const member = bytes[0] === 0x1f ? readMember(bytes, 0) : null
  if (member !== null && member.state !== 'whole') return null
  const data = member === null ? bytes : member.data
  for (let at = skipLineEnds(data, 0); at !== -1 && at < data.length; ) {
    const read = readRecord(data, at, true)
    if (read.state !== 'whole') {
      at = findRecord(data, at + 1, data.length)
      continue
    }
    at = read.end
    if (read.record.type !== 'response') continue
    const target = targetUriOf(read.record)
    if (url !== undefined && withoutFragment(target) !== withoutFragment(url)) continue
    const response = readHttpResponse(read.record.block)
    if (response === null) return null
    const { status, headers } = response
    return {
      url: target,
      date: dateOf(read.record),
      status,
      headers,
      body: decodeBody(response, maxBytes),
    }
  }
  return null
}
