import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { ShoalError } from '../../protocol/errors.ts'
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

  async function drop(): Promise<void> {
    const folder = await current?.folder.catch(() => null)
    current = null
    if (folder) await rm(folder, { recursive: true, force: true })
  }

  return {
    async inflate(location, source) {
      if (current?.location !== location) {
        await drop()
        current = { location, folder: inflateTo(source, location) }
      }
      return join(await current.folder, 'inflated')
    },
    close: drop,
  }
}

async function inflateTo(source: Source, location: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-'))
  let size = 0
  async function* bounded(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of chunks) {
        size += chunk.length
        if (size > MAX_SPOOL_BYTES) {
          throw new ShoalError(
            'record_too_large',
            `${location} inflates to more than ${MAX_SPOOL_BYTES} bytes`,
          )
        }
        yield chunk
      }
    } catch (error) {
      // what a corrupt file gave up to there is what extraction saw as well
      if (!/^Z_|ZLIB/.test((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  try {
    const inflated = source.read(0)
    await pipeline(inflated, createGunzip(), bounded, createWriteStream(join(folder, 'inflated')))
    return folder
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
