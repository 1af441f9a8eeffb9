import { createHash } from 'node:crypto'
import { hex, signerOf } from './spelling.ts'

/** Drawn here with node's own sha256, and in another way than in the code: a word after the other out of one long text. */
export async function sampleCases(): Promise<unknown[]> {
  const proof = await signerOf(3).sign(Buffer.from('any manifest'))
  const other = await signerOf(4).sign(Buffer.from('any manifest'))
  const full = 2 ** 53 - 1
  return [
    draw('the default: 60 of each', proof, 1200, 9000, 60),
    draw('another proof', other, 1200, 9000, 60),
    draw('fewer kept rows than samples: all of them, as they are drawn', proof, 7, 9000, 10),
    draw('a shard without rows', proof, 0, 0, 10),
    draw('one row', proof, 1, 1, 1),
    draw(
      'the largest shard: words above its largest multiple are passed over',
      proof,
      2 ** 31 - 1,
      1_500_000_001,
      20,
    ),
    place('the first byte', 0, 1000, 5000, 1000),
    place('the last byte', full, 1000, 5000, 4999),
    place('in the middle, rounded down', 2 ** 52, 10, 15, 12),
    place('of a terabyte, exactly', full, 0, 2 ** 40, 2 ** 40 - 1),
    place('just below a byte', Math.ceil(2 ** 53 / 3) - 1, 0, 3, 0),
    place('at a byte', Math.ceil(2 ** 53 / 3), 0, 3, 1),
  ]
}

function draw(comment: string, proof: Uint8Array, kept: number, dropped: number, samples: number) {
  const rows = (frame: string, size: number) => {
    const drawn: number[] = []
    for (const word of wordsOf(proof, frame)) {
      if (drawn.length === Math.min(size, samples)) break
      if (word < Math.floor(2 ** 32 / size) * size && !drawn.includes(word % size)) drawn.push(word % size)
    }
    return drawn
  }
  const words = wordsOf(proof, 'source')
  const source = Array.from({ length: Math.ceil(samples / 4) }, (_, i) =>
    Number((BigInt(words[2 * i]!) >> 11n) * 2n ** 32n + BigInt(words[2 * i + 1]!)),
  )
  const sample = { kept: rows('kept', kept), dropped: rows('dropped', dropped), source }
  return { comment, proof: hex(proof), frames: { kept, dropped }, samples, sample }
}

function wordsOf(proof: Uint8Array, frame: string): number[] {
  const seed = createHash('sha256').update(proof).digest()
  return Array.from({ length: 100 }, (_, count) => {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(count)
    const block = createHash('sha256').update(seed).update(frame).update(number).digest()
    return Array.from({ length: 8 }, (_, i) => block.readUInt32BE(4 * i))
  }).flat()
}

function place(comment: string, place: number, start: number, end: number, byte: number) {
  return { comment: `place: ${comment}`, place, start, end, byte }
}
