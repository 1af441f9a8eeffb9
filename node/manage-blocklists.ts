import { type Home, openHome } from './home.ts'
import type { ListHead } from './safety/safety.ts'

/** What this machine keeps out by its owner's own lists. Nothing of them is told to anybody else. */
export interface ManagedBlocklists {
  listBlocklists(): Promise<ListHead[]>
  /**
   * Keep a list, in place of one of that name.
   *
   * @param file - its absolute path
   * @param name - null: the file's own, without its ending
   * @throws ShoalError as `Blocklists.add`
   */
  addBlocklist(file: string, name: string | null): Promise<ListHead>
  /** @throws ShoalError `blocklist_unknown` */
  removeBlocklist(name: string): Promise<void>
}

export function manageBlocklists({ blocklists }: Pick<Home, 'blocklists'>): ManagedBlocklists {
  return {
    listBlocklists: async () => blocklists.list(),
    addBlocklist: (file, name) => blocklists.add(file, name),
    removeBlocklist: (name) => blocklists.remove(name),
  }
}

/** The lists of a data directory whose daemon is not running. @throws ShoalError as `openHome` */
export async function withBlocklists<T>(
  dataDir: string,
  use: (lists: ManagedBlocklists) => Promise<T>,
): Promise<T> {
  const home = await openHome(dataDir)
  try {
    return await use(manageBlocklists(home))
  } finally {
    await home.close()
  }
}
