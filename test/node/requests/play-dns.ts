import { createSocket } from 'node:dgram'
import { type DecodedPacket, decode, encode } from 'dns-packet'

/** A name server on loopback that knows the TXT records given, by name, and no other name. */
export async function playDns(texts: Record<string, string[]>) {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (bytes, { address, port }) => {
    const { id, questions = [] }: DecodedPacket = decode(bytes)
    const [question] = questions
    const name = question?.name ?? ''
    asked.push(name)
    const found = question?.type === 'TXT' ? (texts[name] ?? []) : []
    // RFC 1035, 4.1.1: 3 is a name that does not exist
    const flags = 0x8180 | (name in texts ? 0 : 3)
    const answers = found.map((text) => ({
      ...({ type: 'TXT', name, class: 'IN', ttl: 0 } as const),
      // 255 bytes are the longest part
      data: text.match(/.{1,255}/gs) ?? [''],
    }))
    socket.send(encode({ type: 'response', id, flags, questions, answers }), port, address)
  })
  await new Promise<void>((done) => socket.bind(0, '127.0.0.1', done))
  return {
    server: `127.0.0.1:${socket.address().port}`,
    texts,
    asked,
    close: () => new Promise<void>((done) => socket.close(() => done())),
  }
}
