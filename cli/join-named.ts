import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import type { Daemon } from '../node/daemon/daemon.ts'
import { isAddress } from '../node/local-campaign.ts'
import type { Log } from '../node/log.ts'
import type { ShoalError } from '../protocol/errors.ts'
import { cleanLine } from './clean.ts'
import type { Sites } from './demo/sites.ts'
import { formatThings } from './numbers.ts'
import type { Options } from './options.ts'
import type { Output } from './output.ts'
import { UsageError } from './parse.ts'
import { shorten } from './table.ts'

/** What `--campaign` of `start` names. */
export interface Named {
  /** of campaigns that others made */
  cids: string[]
  /** absolute paths of archives */
  files: string[]
  demo: boolean
}

/** Milliseconds until it is asked again for a campaign that nobody had. */
const AGAIN_MS = 20_000

/** @throws UsageError for what is neither a CID nor a file */
export function readCampaigns(text: string | undefined): Named {
  const named: Named = { cids: [], files: [], demo: false }
  // a file's name may have a comma
  const words = text === undefined ? [] : existsSync(text) ? [text] : text.split(',').filter(Boolean)
  for (const word of words) {
    if (word === 'demo') named.demo = true
    else if (existsSync(word)) named.files.push(resolve(word))
    else if (isCid(word)) named.cids.push(word)
    else throw new UsageError(explain(word), 'campaign_named')
  }
  if (named.demo && words.length > 1)
    throw new UsageError(
      'the demo plays its own web, and is no company for other campaigns',
      'campaign_named',
    )
  return named
}

function explain(word: string): string {
  const shown = JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}…` : word)
  return isAddress(word)
    ? `${shown} is an address: download the archive and name the file, or make a campaign of it with campaign create`
    : `${shown} is neither a campaign's CID, nor a WARC or WAT file that is here, nor demo`
}

function isCid(word: string): boolean {
  try {
    CID.parse(word)
    return true
  } catch {
    return false
  }
}

/**
 * Work on what is on this machine alone.
 *
 * @param sites - the demo's, where it was named
 * @throws ShoalError as `Daemon.createOwn`
 */
export async function createNamed(
  daemon: Daemon,
  files: readonly string[],
  sites: Sites | null,
  options: Options,
): Promise<void> {
  const rules = {
    ...{ preset: options.preset ?? 'laion-5b', threshold: options.threshold ?? null },
    ...{ contact: options.contact ?? null },
  }
  if (sites !== null)
    await daemon.createOwn({
      ...{ ...rules, name: 'The demo crawl', files: sites.archives, hosts: sites.hosts },
      ...{ kind: 'warc', model: null },
    })
  if (files.length > 0)
    await daemon.createOwn({
      ...{ ...rules, name: null, files, hosts: null, kind: options.kind ?? null },
      model: nameModel(options.model),
    })
}

/** Take part in campaigns of others. What nobody here has is asked for again and again, until the node ends. */
export async function joinNamed(
  daemon: Pick<Daemon, 'list' | 'join'>,
  cids: readonly string[],
  {
    output,
    log,
    signal,
    againMs = AGAIN_MS,
  }: {
    output: Pick<Output, 'print'>
    log: Pick<Log, 'info' | 'warn'>
    signal: AbortSignal
    againMs?: number
  },
): Promise<void> {
  const joined = new Set(daemon.list().map(({ campaign }) => campaign))
  const wanted = cids.map((cid) => CID.parse(cid).toString()).filter((cid) => !joined.has(cid))
  await Promise.all(
    wanted.map(async (campaign) => {
      for (let tries = 0; !signal.aborted; tries++) {
        try {
          const { name, segments } = await daemon.join(campaign, null)
          log.info({ campaign }, 'a campaign was joined')
          return output.print(
            `This node takes part in ${shorten(cleanLine(name), 50)}, of ${formatThings(segments, 'segment')}.`,
          )
        } catch (error) {
          const { code, message } = error as ShoalError
          log.warn({ campaign, code }, 'a campaign could not be joined')
          if (tries === 0)
            output.print(
              code === 'campaign_unfound'
                ? `Nobody here has campaign ${campaign} yet: it is asked for again and again.`
                : message,
            )
        }
        await sleep(againMs, undefined, { signal }).catch(() => {})
      }
    }),
  )
}

/** @returns `hf:…`, an absolute path, or null for the embedded model */
export function nameModel(model: string | undefined): string | null {
  return model === undefined || model.startsWith('hf:') ? (model ?? null) : resolve(model)
}
