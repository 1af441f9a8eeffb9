import { appendFile, readFile } from 'node:fs/promises'
import { ShoalError } from '../protocol/errors.ts'
import { type Denied, extendDenylist, ruleFor } from './denied/denied.ts'
import { type Home, openHome } from './home.ts'
import { openDenied } from './open-records.ts'

/** What a denylist has now, and what was appended to it. */
export interface WrittenDenylist {
  path: string
  /** blocks that are denied */
  blocks: number
  added: number
  takenBack: number
}

export interface Denylists {
  /**
   * Bring a denylist for IPFS gateways to what is denied here now. What is there already is appended to.
   *
   * @param out - absolute path of the file
   * @throws ShoalError `denylist_foreign`, `denylist_write`
   */
  exportDenylist(out: string): Promise<WrittenDenylist>
}

/** Bytes of a list: a million blocks. */
const MAX_BYTES = 128 * 1024 * 1024

export function manageDenylists(home: Pick<Home, 'signer'>, denied: Denied): Denylists {
  return {
    async exportDenylist(path) {
      denied.look()
      await denied.settled()
      const rules = new Set<string>()
      for await (const { block, isSecret } of denied.blocks()) rules.add(ruleFor(block, isSecret))
      const failed = (cause: Error) =>
        new ShoalError('denylist_write', `${path} can't be written (${cause.message}): name another place`, {
          cause,
        })
      const before = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw failed(error)
      })
      if (before !== null && before.length > MAX_BYTES) throw failed(new Error('it is too long'))
      const { text, added, takenBack } = extendDenylist(before, rules, `Shoal peer ${home.signer.peerId}`)
      await appendFile(path, text).catch((error: Error) => {
        throw failed(error)
      })
      return { path, blocks: rules.size, added, takenBack }
    },
  }
}

/** The denylist of a data directory whose daemon is not running. @throws ShoalError as `openHome` */
export async function withDenylists<T>(dataDir: string, use: (lists: Denylists) => Promise<T>): Promise<T> {
  await using opened = new AsyncDisposableStack()
  const home = await openHome(dataDir)
  opened.defer(() => home.close())
  return await use(manageDenylists(home, await openDenied(home, opened)))
}
