import { decodeManifest } from '../protocol/records/manifest.ts'
import { type Home, openHome } from './home.ts'
import { parseRoot } from './parse-cid.ts'
import { addPin, type Collected, collect, listRoots, type Root, removePin, type Why } from './pins/pins.ts'

/** A DAG that is kept. */
export interface Pin {
  /** CID of its root */
  root: string
  why: Why
  /** milliseconds since 1970; null where it is kept without having been pinned */
  since: number | null
  /** of its files or blocks; null where it is not known */
  bytes: number | null
}

/** What is kept in a data directory, and what is not. */
export interface Pins {
  /** own shards first, then lists of campaigns, then what was pinned */
  listPins(): Promise<Pin[]>
  /** @throws ShoalError `cid_invalid`, `pin_missing` */
  addPin(cid: string): Promise<Pin>
  /** @throws ShoalError `cid_invalid`, `pin_own`, `pin_unknown` */
  removePin(cid: string): Promise<void>
  /** Delete what nothing keeps. @throws as the sweep */
  collect(): Promise<Collected>
}

export function managePins(home: Home): Pins {
  return {
    async listPins() {
      const pins: Pin[] = []
      const own = new Set<string>()
      for await (const root of listRoots(home)) {
        const name = root.cid.toString()
        // one that was pinned as well
        if (own.has(name)) continue
        if (root.why === 'own') own.add(name)
        pins.push(await describe(home, root))
      }
      return pins
    },
    addPin: async (cid) => describe(home, await addPin(home, parseRoot(cid), 'fetched')),
    removePin: (cid) => removePin(home, parseRoot(cid)),
    collect: () => collect(home),
  }
}

async function describe({ blocks }: Home, { cid, why, since, bytes }: Root): Promise<Pin> {
  const measured = bytes ?? (why === 'campaign' ? null : await sumFiles({ blocks }, cid))
  return { root: cid.toString(), why, since, bytes: measured }
}

/** @returns null for what is no manifest, or can't be read */
async function sumFiles({ blocks }: Pick<Home, 'blocks'>, cid: Root['cid']): Promise<number | null> {
  try {
    const { files } = decodeManifest(Buffer.concat(await Array.fromAsync(blocks.get(cid))))
    return files.reduce((sum, { bytes }) => sum + bytes, 0)
  } catch {
    return null
  }
}

/** The pins of a data directory whose daemon is not running. @throws ShoalError as `openHome` */
export async function withPins<T>(dataDir: string, use: (pins: Pins) => Promise<T>): Promise<T> {
  const home = await openHome(dataDir)
  try {
    return await use(managePins(home))
  } finally {
    await home.close()
  }
}
