import { isIP } from 'node:net'
import { ShoalError } from '../../protocol/errors.ts'

/** Where a given host leads; `port` null keeps the address's own. */
export interface Endpoint {
  address: string
  port: number | null
}

/**
 * Read host names given with their addresses, as curl's `--resolve` has it.
 *
 * @param hosts - `photos.example` or `photos.example:443` → `127.0.0.1:8080`, `127.0.0.1` or `[::1]:8080`
 * @throws ShoalError `images_hosts`
 */
export function readHosts(hosts: Readonly<Record<string, string>>): ReadonlyMap<string, Endpoint> {
  return new Map(
    Object.entries(hosts).map(([name, to]) => {
      const match = /^(?:\[(.+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(to)
      const address = match?.[1] ?? match?.[2] ?? ''
      const port = match?.[3] === undefined ? null : Number(match[3])
      if (isIP(address) === 0 || (port !== null && (port < 1 || port > 65_535))) {
        throw new ShoalError(
          'images_hosts',
          `the host ${name} leads to ${JSON.stringify(to)}: give an IP address and a port, as 127.0.0.1:8080`,
        )
      }
      return [name.toLowerCase(), { address, port }]
    }),
  )
}
