import { statfs } from 'node:fs/promises'
import { ShoalError } from '../../protocol/errors.ts'

/** @throws ShoalError `model_room` where a disk has fewer free bytes than are needed */
export async function checkFree(directory: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  if (bytes <= bavail * bsize) return
  const megabytes = (count: number) => `${Math.ceil(count / 1e6)} MB`
  throw new ShoalError(
    'model_room',
    `${directory}: ${megabytes(bytes)} are needed, and ${megabytes(bavail * bsize)} are free: make room, or name another directory with --data`,
  )
}
