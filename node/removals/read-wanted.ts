import { open as openFile } from 'node:fs/promises'
import * as v from 'valibot'
import { ShoalError } from '../../protocol/errors.ts'
import { REASONS, SUBJECTS } from '../../protocol/records/removal.ts'
import { subjectHash } from '../../protocol/rules/remove.ts'
import { sha256 } from '../sha256.ts'
import type { WantedRemoval } from './removals.ts'

/** A line of a file of removals: what is to be removed, by name or by its hash, and why. */
const Line = v.union([
  v.strictObject({ kind: v.picklist(SUBJECTS), value: v.string(), ...about() }),
  v.strictObject({
    kind: v.picklist(SUBJECTS),
    hash: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
    ...about(),
  }),
])

function about() {
  return {
    reason: v.picklist(REASONS),
    basis: v.string(),
    /** as ISO 8601 has it: `2027-01-31T00:00:00Z` */
    expires: v.optional(v.pipe(v.string(), v.isoTimestamp())),
    /** the earlier removal of this subject is taken back */
    takeBack: v.optional(v.literal(true)),
  }
}

/** Characters of a line: an address, and some words. */
const MAX_LINE_CHARS = 10_000

/**
 * Read a file of removals: JSON, one a line,
 * `{"kind": "url", "value": "https://…", "reason": "rights", "basis": "ticket 17"}`. Instead of `value` a line may have
 * `hash`.
 *
 * @throws ShoalError `removals_unreadable`; `removals_line`, which names the line
 */
export async function* readWanted(file: string): AsyncGenerator<WantedRemoval> {
  const unreadable = (cause: Error) =>
    new ShoalError('removals_unreadable', `${file} can't be read (${cause.message}): check the path`, {
      cause,
    })
  await using handle = await openFile(file).catch((cause) => {
    throw unreadable(cause)
  })
  if (!(await handle.stat()).isFile()) throw unreadable(new Error('it is no file'))
  let number = 0
  for await (const text of handle.readLines({ autoClose: false })) {
    number++
    if (text.trim() !== '') yield readLine(text, `${file}, line ${number}`)
  }
}

function readLine(text: string, where: string): WantedRemoval {
  const fault = (what: string) =>
    new ShoalError(
      'removals_line',
      `${where}: ${what}; a line is as {"kind": "url", "value": "https://…", "reason": "rights", "basis": "ticket 17"}, kinds are ${SUBJECTS.join(', ')}, reasons ${REASONS.join(', ')}`,
    )
  if (text.length > MAX_LINE_CHARS) throw fault(`it has more than ${MAX_LINE_CHARS} characters`)
  let line: v.InferOutput<typeof Line>
  try {
    line = v.parse(Line, JSON.parse(text))
  } catch (error) {
    throw fault(
      error instanceof v.ValiError ? 'it has other fields than those, or lacks some' : 'it is no JSON',
    )
  }
  const { kind, reason, basis, takeBack = false } = line
  const named =
    'hash' in line ? Uint8Array.from(Buffer.from(line.hash, 'hex')) : subjectHash(kind, line.value, sha256)
  if (named === null) throw fault(`its value names no ${kind}`)
  const expires = line.expires === undefined || takeBack ? null : Date.parse(line.expires)
  return { subject: { kind, hash: new Uint8Array(named) }, reason, basis, expires, takeBack }
}
