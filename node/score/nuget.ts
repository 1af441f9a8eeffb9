import { ShoalError } from '../../protocol/errors.ts'

/** A package's archive. */
export interface PackageFile {
  url: string
  /** lower-case hex */
  sha512: string
  bytes: number
}

/** The answers that lead to a package have some kilobytes. */
const MAX_JSON_BYTES = 4 * 1024 * 1024
const TIMEOUT_MS = 30_000
/** Names of what tells of one version of a package, the newest first. */
const REGISTRATIONS = ['RegistrationsBaseUrl/3.6.0', 'RegistrationsBaseUrl/3.4.0', 'RegistrationsBaseUrl']

/**
 * Where a NuGet feed has a package, and what must come: https://learn.microsoft.com/nuget/api/overview.
 *
 * @param index - the feed's service index
 * @throws ShoalError `gpu_download`
 */
export async function findPackage(
  index: string,
  { name, version }: { name: string; version: string },
  signal?: AbortSignal,
): Promise<PackageFile> {
  const refuse = (why: string) =>
    new ShoalError(
      'gpu_download',
      `${index}: ${why}: try again later, or name another feed by NUGET_ENDPOINT`,
    )
  const read = (url: unknown) => readJson(url, index, refuse, signal)
  const { resources } = await read(index)
  if (!Array.isArray(resources)) throw refuse('this is no index of a NuGet feed')
  const base = REGISTRATIONS.map((type) => resources.find((one) => one?.['@type'] === type)?.['@id']).find(
    (id) => typeof id === 'string',
  )
  if (base === undefined) throw refuse('the feed tells of no packages')
  const leaf = await read(
    new URL(`${name}/${version}.json`.toLowerCase(), `${base.replace(/\/$/, '')}/`).href,
  )
  const entry = typeof leaf.catalogEntry === 'string' ? await read(leaf.catalogEntry) : leaf.catalogEntry
  const { packageHash, packageHashAlgorithm, packageSize } = (entry ?? {}) as Record<string, unknown>
  const url = checkAddress(leaf.packageContent, index, refuse)
  const isHash = packageHashAlgorithm === 'SHA512' && typeof packageHash === 'string'
  const sha512 = isHash ? Buffer.from(packageHash, 'base64') : Buffer.alloc(0)
  if (sha512.length !== 64 || !Number.isSafeInteger(packageSize) || (packageSize as number) <= 0)
    throw refuse(`the feed does not say what ${name} ${version} must be`)
  return { url, sha512: sha512.toString('hex'), bytes: packageSize as number }
}

type Refuse = (why: string) => ShoalError

async function readJson(
  address: unknown,
  index: string,
  refuse: Refuse,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const url = checkAddress(address, index, refuse)
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const answer = await fetch(url, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout })
    if (answer.status !== 200 || answer.body === null) throw refuse(`${url} answered ${answer.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += chunk.length
      if (bytes > MAX_JSON_BYTES) throw refuse(`${url} has more than ${MAX_JSON_BYTES} bytes`)
      chunks.push(chunk)
    }
    const json: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    if (typeof json !== 'object' || json === null) throw refuse(`${url} is no object`)
    return json as Record<string, unknown>
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof ShoalError) throw cause
    throw refuse(`${url} can't be read (${(cause as Error & { cause?: Error }).cause?.message ?? cause})`)
  }
}

/** Nobody is led from https to anything else. */
function checkAddress(address: unknown, index: string, refuse: Refuse): string {
  const url = typeof address === 'string' ? URL.parse(address) : null
  const { protocol } = new URL(index)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== protocol))
    throw refuse('it leads to an address that is none')
  return url.href
}
