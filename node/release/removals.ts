import { hash } from 'node:crypto'
import { open as openFile } from 'node:fs/promises'
import type { CID } from 'multiformats/cid'
import * as v from 'valibot'
import { equalBytes } from '../../protocol/codec.ts'
import { open, type Signer } from '../../protocol/envelope.ts'
import { ShoalError } from '../../protocol/errors.ts'
import {
  decodeRemoval,
  makeRemoval,
  REASONS,
  type Removal,
  SUBJECTS,
} from '../../protocol/records/removal.ts'
import {
  rootOf,
  type Sha256,
  type Subjects,
  subjectHash,
  subjectsInForce,
} from '../../protocol/rules/remove.ts'
import { verifySignature } from '../identity.ts'
import type { Store } from '../store/store.ts'

interface Kept {
  id: CID
  value: Removal
}

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

const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer')

/** What is removed, by all removals that are kept here, and the root that says so in a release. */
export async function removalsInForce(
  store: Store,
  now: number,
): Promise<{ subjects: Subjects; root: Uint8Array | null }> {
  const subjects = subjectsInForce(await readKept(store), now)
  return { subjects, root: rootOf(subjects, sha256) }
}

/** Subjects of no removal at all, for whoever wants to see every row. */
export const NO_SUBJECTS: Subjects = subjectsInForce([], 0)

async function readKept(store: Store): Promise<Kept[]> {
  const kept: Kept[] = []
  for await (const envelope of store.removals.values()) {
    const opened = await open(envelope, verifySignature)
    kept.push({ id: opened.id, value: decodeRemoval(opened) })
  }
  return kept
}

/**
 * Sign the removals of a file, and keep them: JSON, one a line,
 * `{"kind": "url", "value": "https://…", "reason": "rights", "basis": "ticket 17"}`. Instead of `value` a line may have
 * `hash`. What this node removes already is passed over, so that a file can be given again. All of it is kept, or none.
 *
 * @returns how many have been signed
 * @throws ShoalError `removals_unreadable`; `removals_line`, which names the line; `removal_field`
 */
export async function signRemovals(
  { store, signer }: { store: Store; signer: Signer },
  file: string,
  now: number,
): Promise<number> {
  const own = (await readKept(store)).filter(({ value }) => equalBytes(value.source, signer.publicKey))
  own.sort((a, b) => a.value.seq - b.value.seq)
  let last = own.at(-1) ?? null
  const inForce = new Map<string, Kept>()
  for (const one of own) note(inForce, one, now)
  const writes: Parameters<Store['batch']>[0] = []
  for await (const { subject, reason, basis, expires, takeBack } of readLines(file)) {
    const known = inForce.get(nameOf(subject))
    if (takeBack ? known === undefined : known !== undefined && known.value.expires === expires) continue
    const sealed = await makeRemoval(
      {
        ...{ seq: last === null ? 0 : last.value.seq + 1, previous: last?.id ?? null },
        ...{ subject, reason, basis, negates: takeBack ? known!.id : null, issued: now, expires },
      },
      signer,
    )
    last = { id: sealed.id, value: decodeRemoval(await open(sealed.bytes, verifySignature)) }
    note(inForce, last, now)
    writes.push({ type: 'put', sublevel: store.removals, key: sealed.id.bytes, value: sealed.bytes })
  }
  await store.batch(writes, { sync: true })
  return writes.length
}

function note(inForce: Map<string, Kept>, one: Kept, now: number): void {
  const { subject, negates, expires } = one.value
  if (negates !== null) {
    if (inForce.get(nameOf(subject))?.id.equals(negates)) inForce.delete(nameOf(subject))
  } else if (expires === null || expires > now) inForce.set(nameOf(subject), one)
}

function nameOf({ kind, hash }: Removal['subject']): string {
  return `${kind} ${Buffer.from(hash).toString('hex')}`
}

type Wanted = Pick<Removal, 'subject' | 'reason' | 'basis' | 'expires'> & { takeBack: boolean }

async function* readLines(file: string): AsyncGenerator<Wanted> {
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

function readLine(text: string, where: string): Wanted {
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
