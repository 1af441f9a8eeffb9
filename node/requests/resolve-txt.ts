import { Resolver } from 'node:dns/promises'

/** The texts that a name has in the DNS; none, and an error of the name server, both mean that there are none. */
export type ResolveTxt = (name: string) => Promise<string[]>

/** Milliseconds for a name server's first answer; doubled once. */
const FIRST_ANSWER_MS = 2_000
/** Texts of one name that are read: mail and ownership of all kinds fill some dozens. */
const MAX_TEXTS = 200

/** @param servers - name servers to ask, `192.0.2.1:53`, instead of the system's */
export function startResolveTxt(servers: readonly string[] | null = null): ResolveTxt {
  const resolver = new Resolver({ timeout: FIRST_ANSWER_MS, tries: 2 })
  if (servers) resolver.setServers(servers)
  // a text longer than 255 bytes comes in parts
  return async (name) => (await resolver.resolveTxt(name)).slice(0, MAX_TEXTS).map((parts) => parts.join(''))
}
