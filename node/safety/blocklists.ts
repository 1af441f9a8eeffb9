import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { subjectHash } from '../../protocol/rules/remove.ts'
import { sha256 } from '../sha256.ts'
import type { Store } from '../store/store.ts'
import { LIST_KINDS, LIST_WIDTHS, type ListHead, type ListSets, loadList, saveList } from './blocklist.ts'
import { type Listed, uniteLists } from './listed.ts'
import { readList } from './read-list.ts'

/** The lists of what must not be collected that the owner of this machine has given it. They never leave it. */
export interface Blocklists {
  /** by name */
  list(): ListHead[]
  /**
   * Keep a list, in place of one of that name. It is on the disk when this settles.
   *
   * @param file - see `readList`
   * @param name - null: the file's own, without its ending
   * @throws ShoalError `blocklist_name`, `blocklist_unwritable`; as `readList`
   */
  add(file: string, name: string | null): Promise<ListHead>
  /** @throws ShoalError `blocklist_unknown` */
  remove(name: string): Promise<void>
  /** one list alone, from the disk. @throws ShoalError `blocklist_unknown`, `blocklist_broken` */
  read(name: string): Promise<ListSets>
  /** all lists together, as they are now: another object after each change */
  listed(): Listed
  /** whether an address has led to something listed before */
  remembers(url: string): boolean
  /** Never ask for an address again, nor name it: it has led to something listed. */
  remember(url: string): void
  /** Told after each change. @returns what ends it */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}

const ENDING = '.list'
/** What a file can be called everywhere; a person types it. */
const NAME = /^\w[\w.-]{0,99}$/

/**
 * Open the lists in a directory, which need not be there.
 *
 * @param clock - milliseconds since 1970
 * @throws ShoalError `blocklist_broken`: without one of its lists a node would ask for what is on it
 */
export async function openBlocklists(
  dir: string,
  { withheld }: Pick<Store, 'withheld'>,
  clock: () => number,
): Promise<Blocklists> {
  const heads = new Map<string, ListHead>()
  const met = new Set<string>()
  for await (const key of withheld.keys()) met.add(Buffer.from(key).toString('base64'))
  const listeners = new Set<() => void>()
  let listed = await load()
  let work: Promise<unknown> = Promise.resolve()

  async function load(): Promise<Listed> {
    const files = await readdir(dir).catch((error) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const lists = await Promise.all(
      files.filter((file) => file.endsWith(ENDING)).map((file) => loadList(join(dir, file))),
    )
    heads.clear()
    for (const { head } of lists) heads.set(head.name, head)
    return uniteLists(lists.map(({ sets }) => sets))
  }

  async function change(): Promise<void> {
    listed = await load()
    for (const listener of listeners) listener()
  }

  /** one after another */
  function enqueue<T>(act: () => Promise<T>): Promise<T> {
    const done = work.then(act)
    work = done.catch(() => {})
    return done
  }

  function demand(name: string): void {
    if (heads.has(name)) return
    const known = heads.size === 0 ? 'there is none' : `those here are ${[...heads.keys()].join(', ')}`
    throw new ShoalError('blocklist_unknown', `there is no blocklist ${JSON.stringify(name)}: ${known}`)
  }

  return {
    list: () => [...heads.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    add: (file, wanted) =>
      enqueue(async () => {
        const name = wanted ?? basename(file).replace(/\.\w+$/, '')
        if (!NAME.test(name)) {
          throw new ShoalError(
            'blocklist_name',
            `a blocklist can't be called ${JSON.stringify(name)}: give it another name of letters, digits, . and -`,
          )
        }
        const sets = await readList(file)
        const entries = {} as ListHead['entries']
        for (const kind of LIST_KINDS) entries[kind] = sets[kind].length / LIST_WIDTHS[kind]
        const head = { name, addedAt: clock(), entries }
        await mkdir(dir, { recursive: true, mode: 0o700 })
        await saveList(join(dir, name + ENDING), head, sets)
        await change()
        return head
      }),
    remove: (name) =>
      enqueue(async () => {
        demand(name)
        await rm(join(dir, name + ENDING), { force: true })
        // it may have been by this list; what is on another is met again
        await withheld.clear()
        met.clear()
        await change()
      }),
    async read(name) {
      demand(name)
      return (await loadList(join(dir, name + ENDING))).sets
    },
    listed: () => listed,
    remembers: (url) => met.size > 0 && met.has(nameOf(url)),
    remember(url) {
      const name = nameOf(url)
      if (name === '' || met.has(name)) return
      met.add(name)
      void enqueue(() => withheld.put(Buffer.from(name, 'base64'), new Uint8Array()))
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      await work
    },
  }
}

/** @returns '' for what is no address */
function nameOf(url: string): string {
  const name = subjectHash('url', url, sha256)
  return name === null ? '' : Buffer.from(name).toString('base64')
}
