import { mkdir, rm } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { findMissing, linkParts, PARTS, partsDirectory, sizeOfParts, takesParts } from './cuda-parts.ts'
import { type DownloadProgress, downloadFile } from './download-file.ts'
import { findPackage } from './nuget.ts'
import { runtimeVersion } from './runtime-files.ts'
import { takeFromZip } from './take-from-zip.ts'

export interface InstalledCuda {
  /** of onnxruntime */
  version: string
  directory: string
  bytes: number
  /** whether nothing had to be fetched */
  wasThere: boolean
  /** what somebody has to run who may write to where the runtime lies */
  commands: string[]
  /** what CUDA needs besides and does not have */
  missing: string[]
}

/** Of the runtime that onnxruntime-node has on Linux, at nuget.org: MIT, Microsoft. */
const PACKAGE = 'Microsoft.ML.OnnxRuntime.Gpu.Linux'
const FEED = 'https://api.nuget.org/v3/index.json'
const IN_PACKAGE = 'runtimes/linux-x64/native/'
/** The provider has kernels for a dozen generations of GPUs, some hundred megabytes. */
const MAX_PART_BYTES = 2 * 1024 ** 3

/**
 * Fetch what onnxruntime-node leaves out for CUDA into the data directory, and link it beside the runtime. What was
 * broken off is gone on with; the archive must be what the feed says of it.
 *
 * @param options - `endpoint`: a feed's index in place of NUGET_ENDPOINT or nuget.org's; `runtime`: where the runtime
 *   lies, in place of its package
 * @throws ShoalError `gpu_platform`, `gpu_download`, `gpu_hash`, `zip_broken`; as `downloadFile` where there is no room
 */
export async function installCuda(
  dataDir: string,
  options: {
    endpoint?: string | undefined
    runtime?: string | undefined
    onProgress?: ((progress: DownloadProgress) => void) | undefined
    signal?: AbortSignal | undefined
  } = {},
): Promise<InstalledCuda> {
  if (!takesParts())
    throw new ShoalError(
      'gpu_platform',
      `onnxruntime-node has CUDA on Linux for x64 alone, and this is ${platform()} on ${arch()}: --device auto takes what there is`,
    )
  const version = runtimeVersion()
  const directory = partsDirectory(dataDir)
  const wasThere = (await sizeOfParts(directory)) !== null
  if (!wasThere) await fetchParts(directory, version, options)
  return {
    ...{ version, directory, wasThere, bytes: (await sizeOfParts(directory)) ?? 0 },
    commands: await linkParts(directory, options.runtime),
    missing: await findMissing(),
  }
}

async function fetchParts(
  directory: string,
  version: string,
  { endpoint, onProgress, signal }: NonNullable<Parameters<typeof installCuda>[1]>,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  const index = endpoint ?? process.env.NUGET_ENDPOINT ?? FEED
  const { url, sha512, bytes } = await findPackage(index, { name: PACKAGE, version }, signal)
  const archive = join(directory, 'package.nupkg')
  await downloadFile(url, {
    ...{ name: `${PACKAGE} ${version}`, path: archive, sha256: undefined, sha512, bytes, isOptional: false },
    ...{ advice: 'Try again later', onProgress, signal },
  }).catch((error: unknown) => {
    if (!(error instanceof ShoalError)) throw error
    const code = { model_download: 'gpu_download', model_hash: 'gpu_hash' }[error.code] ?? error.code
    throw new ShoalError(code, error.message)
  })
  try {
    const wanted = new Map(PARTS.map((name) => [`${IN_PACKAGE}${name}`, join(directory, name)]))
    await takeFromZip(archive, wanted, MAX_PART_BYTES)
  } finally {
    await rm(archive, { force: true })
  }
}
