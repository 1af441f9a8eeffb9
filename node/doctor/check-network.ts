import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import ipaddr from 'ipaddr.js'
import type { Patient } from './doctor.ts'
import type { Finding } from './finding.ts'

/** Milliseconds to connect to a port of this machine. */
const CONNECT_MS = 2_000

interface Place {
  what: string
  host: string
  port: number
}

/** Whether a node could listen where it is to, or the one that runs is heard there. */
export async function* checkPorts({ listen, places, running }: Patient): AsyncGenerator<Finding> {
  const wanted = running ? placesOf(running.addresses, 'port') : [...placesOf(listen, 'port'), ...places]
  const seen = new Set<string>()
  for (const { what, host, port } of wanted) {
    if (port === 0 || seen.has(`${what} ${port}`)) continue
    seen.add(`${what} ${port}`)
    yield await (running ? checkHeard(what, host, port) : checkFree(what, host, port))
  }
}

function placesOf(addresses: readonly string[], what: string): Place[] {
  return addresses.flatMap((address) => {
    const [, host, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(?:\/p2p\/[^/]+)?$/.exec(address) ?? []
    return host === undefined ? [] : [{ what, host, port: Number(port) }]
  })
}

async function checkFree(what: string, host: string, port: number): Promise<Finding> {
  const server = createServer()
  try {
    server.listen({ host, port, exclusive: true })
    await once(server, 'listening')
    return { check: what, state: 'ok', found: `${port} is free` }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const option = what === 'port' ? `listen /ip4/0.0.0.0/tcp/${port + 1}` : `${what} 127.0.0.1:${port + 1}`
    return {
      ...{ check: what, state: 'fail' },
      found:
        code === 'EADDRINUSE'
          ? `${port} is taken by another program`
          : `can't listen at ${host}:${port} (${message})`,
      command: `config set ${option}`,
    }
  } finally {
    server.close()
  }
}

async function checkHeard(what: string, host: string, port: number): Promise<Finding> {
  const socket = connect({ host: ipaddr.isValid(host) ? host : '127.0.0.1', port })
  socket.on('error', () => {})
  const isHeard = await Promise.race([
    once(socket, 'connect').then(
      () => true,
      () => false,
    ),
    sleep(CONNECT_MS, false, { ref: false }),
  ])
  socket.destroy()
  return isHeard
    ? { check: what, state: 'ok', found: `${host}:${port} listens` }
    : {
        ...{ check: what, state: 'warn', found: `${host}:${port} is not heard from this machine itself` },
        advice: `let the firewall pass TCP port ${port}`,
      }
}

/** Whether others can call this node, or it has to call them. */
export async function* checkReach({ running, local, listen }: Patient): AsyncGenerator<Finding> {
  const check = 'nat'
  // one that runs may have been told so for this once
  if (local || running?.addresses.every((address) => rangeOf(address) === 'loopback')) return
  if (running === null) {
    yield {
      check,
      state: 'unknown',
      found: 'only a node that runs finds out',
      advice: 'start the node, then ask again',
    }
    return
  }
  const open = running.addresses.filter((address) => isPublic(address))
  const [port = 'its port'] = listen.map((address) => multiaddr(address).toString().split('/')[4])
  yield open.length > 0
    ? { check, state: 'ok', found: `others reach it at ${open[0]}` }
    : {
        ...{
          check,
          state: 'warn',
          found: 'others can not call it; it calls them, and is reached through relays',
        },
        advice: `have the router pass TCP port ${port} to this machine, or switch UPnP on`,
      }
  yield running.peers > 0
    ? { check: 'peers', state: 'ok', found: `${running.peers} connected` }
    : {
        ...{ check: 'peers', state: 'warn', found: 'none is connected' },
        command: 'config set peer MULTIADDR',
      }
}

/** Relays' addresses are not this node's. */
function isPublic(address: string): boolean {
  return !address.includes('/p2p-circuit') && rangeOf(address) === 'unicast'
}

/** `loopback`, `private`, `unicast`; null where it begins with no IP address. */
function rangeOf(address: string): string | null {
  const host = /^\/ip[46]\/([^/]+)\//.exec(address)?.[1]
  return host !== undefined && ipaddr.isValid(host) ? ipaddr.process(host).range() : null
}
