import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ShoalError } from '../../protocol/errors.ts'
import { inflateWhole } from './inflate-whole.ts'
import { MAX_SPOOL_BYTES } from './limits.ts'
import type { Source } from './source.ts'

/** Whole-file gzips, inflated to disk once; the last one used is kept. */
export interface Spools {
  /** @returns path of the inflated file */
  inflate(location: string, source: Source): Promise<string>
  close(): Promise<void>
}

export function openSpools(): Spools {
  let current: { location: string; folder: Promise<string> } | null = null

  return {
    async inflate(location, source) {
      if (current?.location !== location) {
        const last = current
        const folder = inflateTo(source, location)
        current = { location, folder }
        // what failed once may succeed the next time
        folder.catch(() => {
          if (current?.folder === folder) current = null
        })
        await remove(last?.folder)
      }
      return join(await current.folder, 'inflated')
    },
    async close() {
      await remove(current?.folder)
      current = null
    },
  }
}

async function remove(folder: Promise<string> | undefined): Promise<void> {
  const path = await folder?.catch(() => undefined)
  if (path !== undefined) await rm(path, { recursive: true, force: true })
}

async function inflateTo(source: Source, location: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-'))
  let size = 0
  async function* inflate(): AsyncGenerator<Buffer> {
    // of a corrupt file there is what extraction saw as well
    for await (const { bytes } of inflateWhole(source, 0, () => {})) {
      size += bytes.length
      if (size > MAX_SPOOL_BYTES) {
        throw new ShoalError('record_too_large', `${location} inflates to more than ${MAX_SPOOL_BYTES} bytes`)
      }
      yield bytes
    }
  }
  try {
    await pipeline(inflate, createWriteStream(join(folder, 'inflated')))
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
