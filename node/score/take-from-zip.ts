import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import { openPromise } from 'yauzl'
import { ShoalError } from '../../protocol/errors.ts'

/**
 * Take single files out of a zip archive, in constant memory.
 *
 * @param wanted - where to write it, by its path in the archive
 * @param maxBytes - of one file, unpacked
 * @throws ShoalError `zip_broken` where one is missing, longer, or not what its CRC-32 says
 */
export async function takeFromZip(
  path: string,
  wanted: ReadonlyMap<string, string>,
  maxBytes: number,
): Promise<void> {
  const refuse = (why: string) => new ShoalError('zip_broken', `${path}: ${why}: delete it and try again`)
  const missing = new Set(wanted.keys())
  const zip = await openPromise(path).catch((cause: Error) => {
    throw refuse(`it is no zip archive (${cause.message})`)
  })
  try {
    for await (const entry of zip.eachEntry()) {
      const target = wanted.get(entry.fileName)
      if (target === undefined || !missing.delete(entry.fileName)) continue
      if (entry.uncompressedSize > maxBytes) throw refuse(`${entry.fileName} has more than ${maxBytes} bytes`)
      let crc = 0
      const source = await zip.openReadStreamPromise(entry)
      await pipeline(
        source,
        async function* (chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            crc = crc32(chunk, crc)
            yield chunk
          }
        },
        createWriteStream(`${target}.new`, { mode: 0o644 }),
      )
      if (crc !== entry.crc32) {
        await rm(`${target}.new`, { force: true })
        throw refuse(`${entry.fileName} is not what its CRC-32 says`)
      }
      await rename(`${target}.new`, target)
    }
  } catch (cause) {
    throw cause instanceof ShoalError ? cause : refuse((cause as Error).message)
  } finally {
    zip.close()
  }
  if (missing.size > 0) throw refuse(`it lacks ${[...missing].join(', ')}`)
}
