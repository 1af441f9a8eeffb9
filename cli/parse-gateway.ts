import type { DaemonOptions } from '../node/daemon/daemon.ts'
import { UsageError } from './parse.ts'

/** Not one that IANA has given to anybody; where another node has it, any other will do. */
const DEFAULT = { host: '127.0.0.1', port: 4180, orAny: true }

/**
 * Where the gateway listens: `HOST:PORT`, with an IPv6 address in brackets, or `none`.
 *
 * @throws UsageError
 */
export function parseGateway(text: string | undefined): NonNullable<DaemonOptions['gateway']> | null {
  if (text === undefined) return DEFAULT
  if (text === 'none') return null
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port <= 65_535))
    throw new UsageError(
      `--gateway ${JSON.stringify(text.slice(0, 60))} is no place to listen at: write HOST:PORT, as 127.0.0.1:4180, or none`,
    )
  return { host, port }
}
