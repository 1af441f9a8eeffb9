import type { Options } from './options.ts'

/** Not one that IANA has given to anybody. */
const PORT = 4631

/** Where a node listens for others. @returns multiaddrs */
export function readListen({ listen, local }: Pick<Options, 'listen' | 'local'>): string[] {
  return [listen ?? (local ? '/ip4/127.0.0.1/tcp/0' : `/ip4/0.0.0.0/tcp/${PORT}`)]
}
