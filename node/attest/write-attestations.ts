import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ShoalError } from '../../protocol/errors.ts'
import { writeCar } from '../car/car.ts'
import type { KeptAttestation } from '../release/release.ts'

/**
 * Write attestations to a CAR file, each of its blocks a root, for whoever makes a release.
 *
 * @throws ShoalError `car_write`
 */
export async function writeAttestations(all: readonly KeptAttestation[], out: string): Promise<void> {
  const blocks = Readable.from(all.map(({ id, envelope }) => ({ cid: id, bytes: envelope })))
  const unfinished = `${out}.${randomUUID()}.unfinished`
  try {
    const roots = all.map(({ id }) => id)
    await pipeline(writeCar(roots, blocks), createWriteStream(unfinished, { flags: 'wx', flush: true }))
    await rename(unfinished, out)
  } catch (cause) {
    await rm(unfinished, { force: true })
    throw new ShoalError(
      'car_write',
      `can't write ${out} (${(cause as Error).message}): name a place in a directory that exists and has room`,
      { cause },
    )
  }
}
