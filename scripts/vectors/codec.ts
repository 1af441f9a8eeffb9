import { cidOf, decode } from '../../protocol/codec.ts'
import { MAX_RECORD_BYTES } from '../../protocol/limits.ts'
import { bytes, dagJsonOf } from './spelling.ts'

const LINK = `d82a582500 01711220 ${'ab'.repeat(32)}`

export function codecCases(): unknown[] {
  return [
    valid('an empty map', 'a0'),
    valid('null, booleans', '83 f6 f4 f5'),
    valid('the shortest integers', '86 00 17 1818 20 37 3818'),
    valid('integers of every length', '84 18ff 19ffff 1affffffff 1b001fffffffffffff'),
    valid('negative integers of every length', '84 38ff 39ffff 3affffffff 3b001ffffffffffffe'),
    valid('a float has 64 bits', 'fb3ff8000000000000'),
    valid('text is UTF-8', '6e e4bda0e5a5bd20f09f909f20c3a9'),
    valid('bytes', '43 00ff80'),
    valid('a link is tag 42 of a zero byte and the CID', LINK),
    valid('keys: the shorter first, then by their bytes', 'a4 6162 01 6163 02 626161 03 626162 04'),
    valid('nested', 'a1 6161 82 a0 81 80'),

    invalid('malformed: no bytes at all', '', 'codec_malformed'),
    invalid('malformed: text ends early', '65 6161', 'codec_malformed'),
    invalid('malformed: a list of four thousand million entries', '9a efffffff', 'codec_malformed'),
    invalid('malformed: something follows the value', 'a0 a0', 'codec_malformed'),
    invalid('malformed: a key that is no text', 'a1 01 02', 'codec_malformed'),
    invalid('malformed: a tag other than 42', 'c1 00', 'codec_malformed'),
    invalid('malformed: a link that is no CID', 'd82a 45 00 01711220', 'codec_malformed'),
    invalid(
      'malformed: a link without its zero byte',
      'd82a 5824 01711220'.concat('ab'.repeat(32)),
      'codec_malformed',
    ),
    invalid('malformed: NaN', 'fb 7ff8000000000000', 'codec_malformed'),
    invalid('malformed: infinity', 'fb 7ff0000000000000', 'codec_malformed'),
    invalid('malformed: a thousand lists, the last without its entry', '81'.repeat(1000), 'codec_malformed'),

    invalid('non-canonical: an integer in more bytes than it needs', '1801', 'codec_not_canonical'),
    invalid('non-canonical: a length in more bytes than it needs', '7801 61', 'codec_not_canonical'),
    invalid('non-canonical: keys out of order', 'a2 6162 01 6161 02', 'codec_not_canonical'),
    invalid('non-canonical: a longer key before a shorter', 'a2 626161 01 6162 02', 'codec_not_canonical'),
    invalid('non-canonical: a key twice', 'a2 6161 01 6161 02', 'codec_not_canonical'),
    invalid('non-canonical: a list of indefinite length', '9f 01 ff', 'codec_not_canonical'),
    invalid('non-canonical: a map of indefinite length', 'bf 6161 01 ff', 'codec_not_canonical'),
    invalid('non-canonical: a float without a fraction', 'fb 3ff0000000000000', 'codec_not_canonical'),
    invalid('non-canonical: minus zero', 'fb 8000000000000000', 'codec_not_canonical'),
    invalid('non-canonical: a float of 16 bits', 'f9 3e00', 'codec_not_canonical'),
    invalid('non-canonical: undefined', 'f7', 'codec_not_canonical'),
    invalid('non-canonical: text that is not UTF-8', '62 c328', 'codec_not_canonical'),
    invalid('non-canonical: text with a byte order mark', '64 efbbbf 61', 'codec_not_canonical'),

    {
      comment: 'as long as a record can be',
      // the header of a byte string takes five bytes
      bytes: '5a000ffffb',
      zeros: MAX_RECORD_BYTES - 5,
      cid: cidOf(padded('5a000ffffb', MAX_RECORD_BYTES - 5)).toString(),
    },
    invalid(
      'oversize: a byte longer than a record can be',
      '5a 000ffffc',
      'codec_oversize',
      MAX_RECORD_BYTES - 4,
    ),
  ]
}

function valid(comment: string, text: string): unknown {
  const block = bytes(text)
  return {
    comment,
    bytes: text.replaceAll(' ', ''),
    value: dagJsonOf(decode(block)),
    cid: cidOf(block).toString(),
  }
}

function invalid(comment: string, text: string, error: string, zeros?: number): unknown {
  return { comment, bytes: text.replaceAll(' ', ''), zeros, error }
}

function padded(text: string, zeros: number): Uint8Array {
  return new Uint8Array(Buffer.concat([bytes(text), new Uint8Array(zeros)]))
}
