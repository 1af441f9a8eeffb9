import { hash } from 'node:crypto'
import type { CID } from 'multiformats/cid'
import { finderIn } from '../../protocol/rules/hash-set.ts'
import { removerOf, type Subjects } from '../../protocol/rules/remove.ts'
import type { Gate, Web } from '../components.ts'
import { sha256 } from '../sha256.ts'
import { failure } from '../web/web.ts'
import type { Blocklists } from './blocklists.ts'

/**
 * What is looked up for a campaign before anything is asked for: this machine's lists and the campaign's removals, as both
 * are at that moment.
 *
 * @param removed - the same object for as long as it is the same
 */
export function makeGate(
  lists: Pick<Blocklists, 'listed' | 'remembers' | 'remember'>,
  removed: () => Subjects,
): Gate {
  let subjects: Subjects | null = null
  let isRemovedRow: ReturnType<typeof removerOf> = () => false
  let isRemovedFile: ReturnType<typeof finderIn> = () => false

  function look(): Subjects {
    const now = removed()
    if (subjects !== now) {
      subjects = now
      // of a file there may be nothing but its bytes
      isRemovedRow = removerOf({ ...now, image: now.image.subarray(0, 0) }, sha256)
      isRemovedFile = finderIn(now.image)
    }
    return now
  }

  function isRemoved(url: string, pageUrl: string, uid: string): boolean {
    look()
    return isRemovedRow({ uid, url, page_url: pageUrl, sha256: '' })
  }

  function hasRow({ url, pageUrl, uid, sha256: file, md5, pdq }: Parameters<Gate['hasRow']>[0]): boolean {
    const hashes = { sha256: file, md5, sha1: null }
    const isListed =
      lists.listed().hasFile((kind) => (hashes[kind] === null ? null : Buffer.from(hashes[kind], 'hex'))) ||
      (pdq !== null && lists.listed().hasPicture(pdq))
    if (isListed) lists.remember(url)
    look()
    return (
      isListed || hasAddress(url, pageUrl, uid) || (file !== null && isRemovedFile(Buffer.from(file, 'hex')))
    )
  }

  function hasAddress(url: string, pageUrl: string, uid = ''): boolean {
    return lists.listed().hasAddress(url, pageUrl) || lists.remembers(url) || isRemoved(url, pageUrl, uid)
  }

  return {
    hasAddress,
    namesPairs: () => removed().pair.length > 0,
    hasFile(url, bytes) {
      const digests = new Map<string, Uint8Array>()
      const digest = (kind: 'sha256' | 'sha1' | 'md5') => {
        const known = digests.get(kind) ?? hash(kind, bytes, 'buffer')
        digests.set(kind, known)
        return known
      }
      if (lists.listed().hasFile(digest)) {
        lists.remember(url)
        return true
      }
      return look().image.length > 0 && isRemovedFile(digest('sha256'))
    },
    namesPictures: () => lists.listed().sets.pdq.length > 0,
    hasPicture(url, pdqs) {
      if (!lists.listed().hasPicture(pdqs)) return false
      lists.remember(url)
      return true
    },
    hasRow,
  }
}

export interface OpenGate extends Gate {
  close(): Promise<void>
}

/** The gate of a campaign: what is removed from it later is named from then on. */
export async function openGate(
  lists: Parameters<typeof makeGate>[0],
  removals: {
    inForce(campaign: CID): Promise<{ subjects: Subjects }>
    onChange(listener: (campaign: CID) => void): () => void
  },
  campaign: CID,
): Promise<OpenGate> {
  let { subjects } = await removals.inForce(campaign)
  let looking: Promise<unknown> = Promise.resolve()
  const end = removals.onChange((changed) => {
    if (!changed.equals(campaign)) return
    looking = looking
      .then(async () => {
        subjects = (await removals.inForce(campaign)).subjects
      })
      // a database that can't be read ends the work by itself; till then what was removed stays so
      .catch(() => {})
  })
  return {
    ...makeGate(lists, () => subjects),
    async close() {
      end()
      await looking
    },
  }
}

/** The web without what a gate keeps from being asked for: redirects that lead there end before they do. */
export function guardWeb(web: Web, gate: Pick<Gate, 'hasAddress'>): Web {
  return {
    ...web,
    judge(address) {
      const url = web.judge(address)
      return url instanceof URL && gate.hasAddress(url.href, '') ? failure('withheld', '') : url
    },
  }
}
