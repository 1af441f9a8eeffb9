import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** Where Chromium's packages have SwiftShader, a Vulkan driver that computes on the processor. */
const PLACES = [
  ...['/usr/lib/chromium', '/usr/lib/chromium-browser', '/usr/lib64/chromium-browser'],
  ...['/opt/google/chrome', '/snap/chromium/current/usr/lib/chromium-browser'],
]

/**
 * What a process needs in its environment to have WebGPU without a GPU, or null where there is no SwiftShader. Its
 * directory has the Vulkan loader too, for systems that have none.
 */
export function findSoftwareGpu(): Record<string, string> | null {
  const driver = PLACES.map((place) => join(place, 'vk_swiftshader_icd.json')).find((path) =>
    existsSync(path),
  )
  if (driver === undefined || process.platform !== 'linux') return null
  const libraries = [process.env.LD_LIBRARY_PATH, dirname(driver)].filter(Boolean).join(delimiter)
  return { VK_DRIVER_FILES: driver, XDG_RUNTIME_DIR: tmpdir(), LD_LIBRARY_PATH: libraries }
}
