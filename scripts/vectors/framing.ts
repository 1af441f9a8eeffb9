import { hex, pieces } from './spelling.ts'

/** Messages on a stream; the length is written as a varint by hand. */
export function framingCases(): unknown[] {
  return [
    framed('nothing', '', '00'),
    framed('one byte', 'ab', '01'),
    framed('127 bytes, the longest with a length of one byte', 127, '7f'),
    framed('128 bytes', 128, '8001'),
    framed('16,383 bytes, the longest with a length of two', 16_383, 'ff7f'),
    framed('16,384 bytes', 16_384, '808001'),
    framed('a MiB, the longest there is', 1_048_576, '808040'),
    refused('a byte longer', '818040'),
    refused('a length of four bytes', 'ffffff7f'),
    refused('a length of five bytes', '8080808001'),
    refused('a length that does not end', 'ff'.repeat(20)),
  ]
}

function framed(comment: string, message: string | number, length: string) {
  const bytes = typeof message === 'number' ? new Uint8Array(message) : Buffer.from(message, 'hex')
  return { comment, message: pieces(bytes), length, frame: pieces(Buffer.from(length + hex(bytes), 'hex')) }
}

/** The length alone: the message is not waited for. */
function refused(comment: string, length: string) {
  return { comment, frame: pieces(Buffer.from(length, 'hex')), error: true }
}
