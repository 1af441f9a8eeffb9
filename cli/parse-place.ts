import { UsageError } from './parse.ts'

export interface Place {
  host: string
  port: number
  /** where the port is taken, any that is free */
  orAny?: boolean
}

/** Not ones that IANA has given to anybody; where another node has them, any other will do. */
const DEFAULTS = { gateway: 4180, dashboard: 4181 } as const

/**
 * Where something listens: `HOST:PORT`, with an IPv6 address in brackets, or `none`.
 *
 * @param option - of the command line
 * @throws UsageError
 */
export function parsePlace(option: keyof typeof DEFAULTS, text: string | undefined): Place | null {
  if (text === undefined) return { host: '127.0.0.1', port: DEFAULTS[option], orAny: true }
  if (text === 'none') return null
  const [, bracketed, plain, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(text) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port <= 65_535))
    throw new UsageError(
      `--${option} ${JSON.stringify(text.slice(0, 60))} is no place to listen at: write HOST:PORT, as 127.0.0.1:${DEFAULTS[option]}, or none`,
    )
  return { host, port }
}
