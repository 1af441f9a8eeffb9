import { askDaemon } from '../node/control.ts'
import { findDataDir } from '../node/paths.ts'
import { cleanLine } from './clean.ts'
import { type Completion, complete, type NameKind } from './complete.ts'

/** Milliseconds that somebody who has pressed a key waits for a node. */
const PATIENCE_MS = 1_000
/** Names beyond these nobody chooses from. */
const MOST_NAMES = 500

/**
 * Answers what the scripts in completions.ts ask. Where it can't be answered nothing is: a failure would show among what
 * somebody types.
 *
 * @param words - up to the cursor, the last one behind a full stop
 */
export async function answerShell(words: readonly string[]): Promise<void> {
  const word = words.at(-1)?.slice(1) ?? ''
  const { words: found, files } = await complete(words.slice(0, -1), word, lookUp)
  const lines = found.map((one) => `${one.word}\t${cleanLine(one.about)}\n`)
  process.stdout.write(lines.join('') + (files ? ':files\n' : ''))
}

/** What a running node calls them, and what tells one. */
const QUESTIONS: Readonly<
  Record<NameKind, { command: string; argument?: unknown; read: (one: Named) => Line }>
> = {
  campaigns: { command: 'list', read: ({ campaign, name }) => [campaign, name] },
  releases: { command: 'listReleases', read: ({ id, number }) => [id, `release ${number ?? ''}`] },
  shards: { command: 'listShards', read: ({ manifest, name }) => [manifest, name] },
  pins: { command: 'listPins', read: ({ cid, why }) => [cid, why] },
  peers: { command: 'peers', read: ({ peer }) => [peer, ''] },
  requests: { command: 'requests', argument: ['list'], read: ({ id, state }) => [id, state] },
  blocklists: { command: 'listBlocklists', read: ({ name, source }) => [name, source] },
}

type Named = Readonly<Record<string, unknown>>
type Line = [word: unknown, about: unknown]

async function lookUp(kind: NameKind, data: string | undefined): Promise<Completion['words']> {
  const { command, argument, read } = QUESTIONS[kind]
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const answer = await askDaemon(findDataDir(data), { command, argument }, signal).catch(() => [])
  if (!Array.isArray(answer)) return []
  return answer.slice(0, MOST_NAMES).flatMap((one: Named) => {
    const [word, about] = read(one)
    return typeof word === 'string' ? [{ word, about: typeof about === 'string' ? about : '' }] : []
  })
}
