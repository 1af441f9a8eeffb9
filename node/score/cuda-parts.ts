import { execFile } from 'node:child_process'
import { access, lstat, readdir, readlink, rm, stat, symlink } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { runtimeDirectory, runtimeVersion } from './runtime-files.ts'

/** What onnxruntime-node leaves out of its package; TensorRT is not among it, since nothing here asks for it. */
export const PARTS = ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'] as const

/** What those parts load in turn, by the names of CUDA 12 and cuDNN 9. */
const LIBRARIES = [
  ...['libcudart.so.12', 'libcublas.so.12', 'libcublasLt.so.12', 'libcurand.so.10', 'libcufft.so.11'],
  'libcudnn.so.9',
]

/** Where the parts are kept, so that they outlive the package: a new version of the runtime wants others. */
export function partsDirectory(dataDir: string): string {
  return join(dataDir, 'runtime', `onnxruntime-${runtimeVersion()}-cuda12`)
}

/** Whether the runtime is made for what the parts are made for. */
export function takesParts(): boolean {
  return platform() === 'linux' && arch() === 'x64'
}

/**
 * Link the parts beside the runtime, which looks for them there and nowhere else. Files that are there already stay.
 *
 * @returns commands that somebody has to run who may write there; none where all is done
 */
export async function linkParts(directory: string, runtime = runtimeDirectory()): Promise<string[]> {
  const todo: string[] = []
  for (const name of PARTS) {
    const [part, place] = [join(directory, name), join(runtime, name)]
    if (!(await isThere(part)) || (await isInPlace(part, place))) continue
    try {
      await rm(place, { force: true })
      await symlink(part, place)
    } catch {
      todo.push(`ln -sf '${part}' '${place}'`)
    }
  }
  return todo
}

/** Whether the runtime finds this part there, or one that somebody else has put there. */
async function isInPlace(part: string, place: string): Promise<boolean> {
  const found = await lstat(place).catch(() => null)
  if (found === null) return false
  return !found.isSymbolicLink() || ((await readlink(place)) === part && (await isThere(place)))
}

/** What CUDA needs besides the parts and does not have, each with what to do. */
export async function findMissing(): Promise<string[]> {
  const missing: string[] = []
  const hasDriver = (await isThere('/proc/driver/nvidia/version')) || (await isThere('/dev/dxg'))
  if (!hasDriver) missing.push("NVIDIA's driver: install it, and see that nvidia-smi lists the GPU")
  const there = await listLibraries()
  const lacking = LIBRARIES.filter((name) => !there.has(name))
  const isCudnn = (name: string) => name.startsWith('libcudnn')
  const cuda = lacking.filter((name) => !isCudnn(name))
  if (cuda.length > 0)
    missing.push(`CUDA 12 (${cuda.join(', ')}): install its runtime, and have ldconfig know it`)
  if (lacking.some(isCudnn)) missing.push('cuDNN 9 (libcudnn.so.9): install it for CUDA 12')
  return missing
}

/** Names of the libraries that the system's loader finds. */
async function listLibraries(): Promise<Set<string>> {
  const names = new Set<string>()
  for (const directory of process.env.LD_LIBRARY_PATH?.split(delimiter) ?? [])
    for (const name of await readdir(directory || '.').catch(() => [])) names.add(name)
  for (const ldconfig of ['/sbin/ldconfig', '/usr/sbin/ldconfig'])
    if (await isThere(ldconfig)) {
      const { stdout } = await promisify(execFile)(ldconfig, ['-p']).catch(() => ({ stdout: '' }))
      for (const [, name] of stdout.matchAll(/^\s+(\S+) \(/gm)) if (name) names.add(name)
      break
    }
  return names
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** @returns bytes of all parts, or null where one is missing */
export async function sizeOfParts(directory: string): Promise<number | null> {
  let bytes = 0
  for (const name of PARTS) {
    const found = await stat(join(directory, name)).catch(() => null)
    if (found === null || !found.isFile() || found.size === 0) return null
    bytes += found.size
  }
  return bytes
}
