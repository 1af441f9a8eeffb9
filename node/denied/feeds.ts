import { hash, randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import type { Feed } from '../../protocol/records/feed.ts'
import type { Subjects } from '../../protocol/rules/remove.ts'
import { nameOfPeer } from '../identity.ts'
import { readFeed } from './feed-file.ts'
import type { PrivateLists } from './hiding.ts'

/** A feed that is kept here. */
export interface KeptFeed {
  campaign: string
  /** who signed it */
  source: string
  issued: number
  counts: Feed['counts']
}

/** Feeds of removals that the owner of this machine took in: they hide rows here, and nobody else is told of them. */
export interface Feeds extends PrivateLists {
  list(): KeptFeed[]
  /**
   * Keep a feed, in place of an earlier one of its source.
   *
   * @param isTrusted - whether a source may speak for a campaign
   * @throws ShoalError `feed_signer`, `feed_older`; as `readFeed`
   */
  take(file: string, isTrusted: (feed: Feed) => Promise<boolean>): Promise<KeptFeed>
}

const ENDING = '.feed'

/**
 * Open the feeds in a directory, which need not be there.
 *
 * @throws ShoalError as `readFeed`: without one of them a node would show what it was told to hide
 */
export async function openFeeds(dir: string): Promise<Feeds> {
  const kept = new Map<string, { feed: Feed; subjects: Subjects }>()
  const names = await readdir(dir).catch((error) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names.filter((one) => one.endsWith(ENDING)).sort())
    kept.set(name, await readFeed(join(dir, name)))
  const listeners = new Set<() => void>()
  const united = new Map<string, { sets: null; subjects: readonly Subjects[] }>()
  let turn: Promise<unknown> = Promise.resolve()

  async function take(file: string, isTrusted: (feed: Feed) => Promise<boolean>): Promise<KeptFeed> {
    await mkdir(dir, { recursive: true })
    // what is looked at is what is kept
    const copy = join(dir, `${randomUUID()}.unfinished`)
    try {
      await copyFile(file, copy).catch((cause) => {
        throw new ShoalError('feed_unreadable', `${file} can't be read (${cause.message}): check the path`, {
          cause,
        })
      })
      return await keep(file, copy, isTrusted)
    } finally {
      await rm(copy, { force: true })
    }
  }

  async function keep(
    file: string,
    copy: string,
    isTrusted: (feed: Feed) => Promise<boolean>,
  ): Promise<KeptFeed> {
    const { feed, subjects } = await readFeed(copy)
    if (!(await isTrusted(feed)))
      throw new ShoalError(
        'feed_signer',
        `${file} is signed by ${nameOfPeer(feed.source)}, who is no custodian of campaign ${feed.campaign}: trust them with --signer, or don't use it`,
      )
    const name = nameOf(feed)
    const before = kept.get(name)
    if (before && before.feed.issued > feed.issued)
      throw new ShoalError('feed_older', `${file} is older than what is kept here: nothing changes`)
    await rename(copy, join(dir, name))
    kept.set(name, { feed, subjects })
    united.clear()
    for (const listener of listeners) listener()
    return describe(feed)
  }

  return {
    list: () => [...kept.values()].map(({ feed }) => describe(feed)),
    take(file, isTrusted) {
      const taken = turn.then(() => take(file, isTrusted))
      turn = taken.catch(() => {})
      return taken
    },
    listed(campaign) {
      const name = campaign.toString()
      const known = united.get(name)
      if (known) return known
      const own = [...kept.values()].filter(({ feed }) => feed.campaign.equals(campaign))
      const made = { sets: null, subjects: own.map(({ subjects }) => subjects) }
      united.set(name, made)
      return made
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** One of each source and campaign. */
function nameOf({ campaign, source }: Feed): string {
  return `${hash('sha256', Buffer.concat([campaign.bytes, source]))}${ENDING}`
}

function describe({ campaign, source, issued, counts }: Feed): KeptFeed {
  return { campaign: campaign.toString(), source: nameOfPeer(source), issued, counts }
}
