import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { decode, encode, equalBytes } from '../../protocol/codec.ts'
import { ShoalError } from '../../protocol/errors.ts'
import type { Log } from '../log.ts'
import type { Blocks, Store } from '../store/store.ts'
import type { Found } from './denied-worker.ts'
import { blocksOfFile, type HeldFile, startHeldFiles } from './held-files.ts'
import type { Hidden } from './hidden.ts'
import type { Hiding } from './hiding.ts'
import { lookForHidden } from './look-for-hidden.ts'

/** A file of which rows are hidden. */
export interface DeniedFile {
  file: CID
  campaign: CID
  /** whether people may be told that it is denied because of a removal */
  isSecret: boolean
}

/** Which blocks hold rows that are hidden: nobody is given them who does not have to audit them. */
export interface Denied {
  /** the campaign of a block that holds such rows, or null */
  campaignOf(block: CID): CID | null
  /** Blocks as anybody may have them: `has` and `get` of one that is denied throw `block_denied`. */
  guard(blocks: Blocks): Blocks
  /** by the CID of the file */
  files(): DeniedFile[]
  /** all that they consist of, and whether people may be told why it is denied */
  blocks(): AsyncIterable<{ block: CID; isSecret: boolean }>
  /** Look through what has come here, or is hidden, since the last look. */
  look(): void
  /** settles when all that is here was looked through */
  settled(): Promise<void>
  close(): Promise<void>
}

interface Looked {
  file: CID
  campaign: CID
  /** sha256 of what was hidden then */
  hidden: Uint8Array
  found: Found
}

/** Milliseconds between two rounds: many removals may come at once. */
const PAUSE_MS = 500

/**
 * Look through the shards and releases that are here for rows that are hidden, again whenever those change. What was found
 * is kept, so that it holds from the start of the next process.
 */
export async function denyHeld(
  { store, blocks }: { store: Store; blocks: Blocks },
  hiding: Hiding,
  log: Log,
): Promise<Denied> {
  const ending = new AbortController()
  const { signal } = ending
  const heldFiles = startHeldFiles({ store, blocks })
  const looked = new Map<string, Looked>()
  /** what was hidden when a file could not be read */
  const failed = new Map<string, Uint8Array>()
  /** by multihash */
  let denied = new Map<string, CID>()
  const digests = new WeakMap<Hidden, Uint8Array>()
  let wanted = false
  let running: Promise<void> | null = null

  for await (const value of store.looked.values()) {
    const one = decode(value) as Looked
    looked.set(nameOf(one), one)
  }
  await mark()
  const stop = hiding.onChange(look)
  look()

  /** All anew: a block may be in several files. */
  async function mark(): Promise<void> {
    const marked: typeof denied = new Map()
    for (const { file, campaign } of files()) await markFile(file, campaign, marked)
    denied = marked
  }

  async function markFile(file: CID, campaign: CID, marked = denied): Promise<void> {
    for await (const block of blocksOfFile(blocks, file)) marked.set(keyOf(block), campaign)
  }

  function files(): DeniedFile[] {
    return [...looked.values()].flatMap(({ file, campaign, found }) =>
      found === 'nothing' ? [] : { file, campaign, isSecret: found === 'secretly' },
    )
  }

  /** @returns whether what was denied is no longer */
  async function lookAt({ campaign, file }: HeldFile): Promise<boolean> {
    const hidden = await hiding.hiddenIn(campaign)
    const digest = digests.get(hidden) ?? digestOf(hidden)
    digests.set(hidden, digest)
    const name = nameOf({ file: file.cid, campaign })
    const before = looked.get(name)
    const last = failed.get(name) ?? before?.hidden
    if (last && equalBytes(last, digest)) return false
    try {
      const found = await lookForHidden(blocks, file, hidden, signal)
      const now = { file: file.cid, campaign, hidden: digest, found }
      looked.set(name, now)
      failed.delete(name)
      await store.looked.put(lookedKey(now), encode(now))
      if (found !== 'nothing') await markFile(file.cid, campaign)
      return found === 'nothing' && before !== undefined && before.found !== 'nothing'
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ShoalError)) throw error
      failed.set(name, digest)
      log.warn({ cid: file.cid.toString(), error }, 'a file can not be looked through')
      return false
    }
  }

  async function round(): Promise<void> {
    const here = new Set<string>()
    let isLess = false
    for await (const held of heldFiles()) {
      signal.throwIfAborted()
      const { campaign, file } = held
      const isNew = here.size < here.add(nameOf({ file: file.cid, campaign })).size
      if (isNew && (await lookAt(held))) isLess = true
    }
    const gone = [...looked].filter(([name]) => !here.has(name))
    for (const [name, one] of gone) {
      looked.delete(name)
      await store.looked.del(lookedKey(one))
    }
    if (isLess || gone.length > 0) await mark()
  }

  async function run(): Promise<void> {
    while (wanted && !signal.aborted) {
      wanted = false
      await round()
      if (wanted) await sleep(PAUSE_MS, undefined, { signal })
    }
  }

  function look(): void {
    wanted = true
    running ??= run()
      .catch((error: Error) => {
        if (!signal.aborted) log.error({ error }, 'what is held was not looked through')
      })
      .finally(() => {
        running = null
        // wanted since it had ended, and before that was known here
        if (wanted && !signal.aborted) look()
      })
  }

  function campaignOf(block: CID): CID | null {
    return denied.get(keyOf(block)) ?? null
  }

  function demandFree(block: CID): void {
    if (campaignOf(block) !== null)
      throw new ShoalError('block_denied', `${block} holds what was removed: it is not given to anybody`)
  }

  return {
    campaignOf,
    files,
    async *blocks() {
      for (const { file, isSecret } of files())
        for await (const block of blocksOfFile(blocks, file)) yield { block, isSecret }
    },
    look,
    async settled() {
      while (running !== null) await running
    },
    guard: (from) =>
      new Proxy(from, {
        get(target, name) {
          if (name === 'has')
            return async (cid: CID) => {
              demandFree(cid)
              return target.has(cid)
            }
          if (name === 'get')
            return async function* (cid: CID) {
              demandFree(cid)
              yield* target.get(cid)
            }
          const value = Reflect.get(target, name, target)
          return typeof value === 'function' ? value.bind(target) : value
        },
      }),
    async close() {
      stop()
      ending.abort(new ShoalError('denied_closed', 'the node ends'))
      await running
    },
  }
}

/** Two campaigns may have one file, and other removals. */
function nameOf({ file, campaign }: Pick<Looked, 'file' | 'campaign'>): string {
  return `${file} ${campaign}`
}

function lookedKey({ file, campaign }: Looked): Uint8Array {
  return Buffer.concat([file.bytes, campaign.bytes])
}

function keyOf(block: CID): string {
  return Buffer.from(block.multihash.bytes).toString('latin1')
}

function digestOf({ subjects, secret, lists }: Hidden): Uint8Array {
  const sum = createHash('sha256')
  for (const all of [subjects, secret, lists])
    for (const sets of all)
      for (const [kind, set] of Object.entries(sets)) sum.update(`${kind} ${set.length}\n`).update(set)
  return new Uint8Array(sum.digest())
}
