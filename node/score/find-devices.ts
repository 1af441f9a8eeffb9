import { readdir, readFile, stat } from 'node:fs/promises'
import { arch, homedir, platform, release } from 'node:os'
import { delimiter, join } from 'node:path'
import { linkParts, partsDirectory } from './cuda-parts.ts'
import { CPU, type Device, parseDevices } from './device.ts'
import { runtimeDirectory, runtimeVersion } from './runtime-files.ts'

export interface FoundDevices {
  /** those that may be there, the likely fastest first; several in one entry work together; the CPU is last */
  candidates: Device[][]
  /** changes with the runtime and the drivers: what was found out before may not hold any more */
  fingerprint: string
}

/**
 * Looks for what drivers leave in files, so that nothing is tried where there is plainly no device. Parts of CUDA that
 * were fetched into the data directory are seen to be linked beside the runtime, which may have come anew.
 */
export async function findDevices(dataDir: string): Promise<FoundDevices> {
  const names: string[] = []
  const marks = [runtimeVersion(), platform(), arch(), release()]
  if (platform() === 'linux') {
    await linkParts(partsDirectory(dataDir))
    const cuda = await findCuda()
    const vulkan = await findVulkan()
    if (cuda.count > 0) names.push(Array.from({ length: cuda.count }, (_, i) => `cuda:${i}`).join(','))
    if (vulkan.length > 0) names.push('webgpu')
    marks.push(...cuda.marks, ...vulkan)
  }
  // those of the system itself, which a change of drivers tells apart
  if (platform() === 'win32') names.push('dml', 'webgpu')
  if (platform() === 'darwin') names.push('coreml', 'webgpu')
  return { candidates: [...names.map(parseDevices), [CPU]], fingerprint: marks.join('\n') }
}

/** Of NVIDIA's driver, and of the runtime's part that is not in the package. */
async function findCuda(): Promise<{ count: number; marks: string[] }> {
  const provider = await markOf(join(runtimeDirectory(), 'libonnxruntime_providers_cuda.so'))
  const gpus = (await readdir('/dev').catch(() => [])).filter((name) => /^(?:nvidia\d+|dxg)$/.test(name))
  if (provider === null || gpus.length === 0) return { count: 0, marks: [] }
  const driver = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '')
  const visible = process.env.CUDA_VISIBLE_DEVICES
  const count =
    visible === undefined ? gpus.length : visible.split(',').filter((id) => /^[^-]/.test(id)).length
  return { count: Math.min(count, MAX_GPUS), marks: [provider, driver, ...gpus, visible ?? ''] }
}
const MAX_GPUS = 16

/** Drivers that compute on the processor, and only lose time against it; whoever names one by the environment has it tried. */
const SOFTWARE = /^(?:lvp_|vk_swiftshader)/
/** What a GPU's own driver in the kernel leaves there; the last is Windows's, for what runs inside it. */
const GPU_FILES = ['/dev/dri', '/dev/nvidiactl', '/dev/kgsl-3d0', '/dev/dxg']

/** The manifests of Vulkan's drivers, where its loader looks for them. */
async function findVulkan(): Promise<string[]> {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, XDG_DATA_DIRS, XDG_DATA_HOME } = process.env
  const named = VK_DRIVER_FILES ?? VK_ICD_FILENAMES
  const paths = named?.split(delimiter) ?? []
  if (named === undefined) {
    if ((await Promise.all(GPU_FILES.map(markOf))).every((mark) => mark === null)) return []
    const data = [
      XDG_DATA_HOME ?? join(homedir(), '.local/share'),
      ...(XDG_DATA_DIRS?.split(delimiter) ?? []),
    ]
    for (const root of ['/etc', '/usr/local/etc', '/usr/local/share', '/usr/share', ...data]) {
      const directory = join(root, 'vulkan', 'icd.d')
      for (const name of await readdir(directory).catch(() => []))
        if (name.endsWith('.json') && !SOFTWARE.test(name)) paths.push(join(directory, name))
    }
  }
  const marks = await Promise.all([...new Set(paths)].map(markOf))
  return marks.filter((mark) => mark !== null)
}

/** What changes when a file does, or null where there is none. */
async function markOf(path: string): Promise<string | null> {
  const found = await stat(path).catch(() => null)
  return found && `${path} ${found.size} ${found.mtimeMs}`
}
