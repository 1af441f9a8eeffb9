import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'

/** From now on in this process nobody connects and no name is looked up: who tries is refused, and counted. */
export function forbidNetwork() {
  let attempts = 0
  const refuse = (): never => {
    attempts++
    throw new Error('the network is forbidden')
  }
  const { connect } = Socket.prototype
  const undo: (() => void)[] = [() => Object.assign(Socket.prototype, { connect })]
  Socket.prototype.connect = refuse
  for (const owner of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) {
    for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6', 'resolveAny'] as const) {
      const methods = owner as unknown as Record<string, unknown>
      const method = methods[name]
      if (method === undefined) continue
      methods[name] = refuse
      undo.push(() => Object.assign(methods, { [name]: method }))
    }
  }
  syncBuiltinESMExports()
  return {
    attempts: () => attempts,
    allow() {
      for (const one of undo) one()
      syncBuiltinESMExports()
    },
  }
}
