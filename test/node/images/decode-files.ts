/** Run as a process of its own: decode the files named on the command line, one after the other, a JSON line each. */
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import type { DecodeResult } from '../../../node/components.ts'
import { startDecoder } from '../../../node/images/decode.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

export interface DecodedFile {
  file: string
  result: DecodeResult
  milliseconds: number
  /** by how much the process's peak went beyond what it held before this file; 0 where the peak stayed */
  grownMiB: number
}

const preset = PRESETS['laion-5b']!
const rules = {
  ...preset,
  image: {
    ...preset.image,
    minBytes: 0,
    formats: ['jpeg' as const, 'png' as const, 'webp' as const, 'gif' as const],
  },
}
const geometry = { mode: 'crop', resize: 224, width: 224, height: 224, kernel: 'cubic' } as const
const decoder = startDecoder({ threads: 2 })
const warm = await sharp({ create: { width: 640, height: 480, channels: 3, background: 'red' } })
  .jpeg()
  .toBuffer()
for (let i = 0; i < 8; i++) await decoder.decode(warm, geometry, rules)
const peak = () => process.resourceUsage().maxRSS / 1024
for (const file of process.argv.slice(2)) {
  const bytes = readFileSync(file)
  const [highest, held] = [peak(), process.memoryUsage.rss() / 1024 ** 2]
  const start = performance.now()
  const result = await decoder.decode(bytes, geometry, rules)
  if (result.ok) result.image.crop = new Uint8Array()
  const milliseconds = performance.now() - start
  const line: DecodedFile = { file, result, milliseconds, grownMiB: peak() > highest ? peak() - held : 0 }
  console.log(JSON.stringify(line))
}
await decoder.close()
