import type { CID } from 'multiformats/cid'
import { Agent, request } from 'undici'
import { ShoalError } from '../../protocol/errors.ts'
import { CONNECT_TIMEOUT_MS, MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import type { BlockSource } from '../components.ts'
import { GATEWAY_CONNECTIONS, GATEWAY_IDLE_MS } from './limits.ts'

/** A gateway, whose connections are closed in the end. */
export interface GatewaySource extends BlockSource {
  close(): Promise<void>
}

/**
 * A trustless gateway, asked for one block after the other: `/ipfs/CID?format=raw`.
 *
 * @param address - https, or http where it is on this machine
 * @throws ShoalError `gateway_invalid`
 * @see https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */
export function openGateway(address: string): GatewaySource {
  const base = readAddress(address)
  const agent = new Agent({
    connections: GATEWAY_CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: GATEWAY_IDLE_MS,
    bodyTimeout: GATEWAY_IDLE_MS,
  })
  const name = base.href.replace(/\/$/, '')
  return {
    name,
    async get(cid, { signal } = {}) {
      const { statusCode, body } = await request(`${name}/ipfs/${cid}?format=raw`, {
        dispatcher: agent,
        headers: { accept: 'application/vnd.ipld.raw' },
        signal,
      })
      if (statusCode === 200) return readBlock(name, cid, body)
      // so that the connection can be used again
      await body.dump()
      if (statusCode === 404 || statusCode === 410) return null
      throw new ShoalError('gateway_status', `${name} answers ${statusCode} for block ${cid}`)
    },
    close: () => agent.destroy(),
  }
}

function readAddress(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null
  const isHere = url !== null && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url && !url.search && !url.hash && !url.username && !url.password)
    if (url.protocol === 'https:' || (url.protocol === 'http:' && isHere)) return url
  throw new ShoalError(
    'gateway_invalid',
    `${JSON.stringify(address)} is no gateway: they look like https://gateway.example.org; http only on this machine`,
  )
}

async function readBlock(name: string, cid: CID, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > MAX_RECORD_BYTES)
      throw new ShoalError('block_forged', `${name} sent more for block ${cid} than any block has`)
    parts.push(part)
  }
  return Buffer.concat(parts)
}
