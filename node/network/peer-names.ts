import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { ShoalError } from '../../protocol/errors.ts'

/** @throws ShoalError `peer_invalid` for what is no peer's id */
export function findPeerId(text: string): PeerId {
  try {
    return peerIdFromString(text)
  } catch (cause) {
    throw new ShoalError('peer_invalid', `${JSON.stringify(text)} is no peer id: they look like 12D3Koo…`, {
      cause,
    })
  }
}

/** @throws ShoalError `address_invalid` for what is no multiaddr that ends in a node's id */
export function parseAddress(text: string): Multiaddr {
  try {
    const address = multiaddr(text)
    // whoever answered at an address without it would be taken for the right one
    if (address.getComponents().at(-1)?.name !== 'p2p') throw new Error('it does not end in /p2p/ and an id')
    return address
  } catch (cause) {
    throw new ShoalError(
      'address_invalid',
      `${JSON.stringify(text)} is no address of a node: they look like /ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…`,
      { cause },
    )
  }
}
