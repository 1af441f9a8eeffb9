import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import fc from 'fast-check'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { CropGeometry } from '../../../node/components.ts'
import { startDecoder } from '../../../node/images/decode.ts'
import { OUTCOMES } from '../../../protocol/outcomes.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import type { DecodedFile } from './decode-files.ts'
import { HOSTILE } from './hostile.ts'

const MAX_GROWTH_MIB = 300
const formats = suite('images: formats')
const samples = fileURLToPath(new URL('../../../../shared/formats/', import.meta.url))

/** @returns what became of each file, in a process of its own that neither crashes nor hangs */
async function decodeFiles(paths: string[]): Promise<DecodedFile[]> {
  const script = fileURLToPath(new URL('./decode-files.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...paths], { timeout: 240_000 })
  const lines = stdout.trim().split('\n')
  const files = lines.map((line) => JSON.parse(line) as DecodedFile)
  assert.is(files.length, paths.length)
  if (process.env.VERBOSE) console.log(`\n${files.map(describe).join('\n')}`)
  const grown = Math.max(...files.map((file) => file.grownMiB))
  assert.ok(grown <= MAX_GROWTH_MIB, `the process grew by ${grown} MiB:\n${files.map(describe).join('\n')}`)
  return files
}

function describe({ file, result, milliseconds, grownMiB }: DecodedFile): string {
  const what = result.ok
    ? `${result.image.format} ${result.image.width}×${result.image.height} pdq ${result.image.pdqQuality}`
    : `${result.outcome}: ${result.detail}`
  const numbers = `${milliseconds.toFixed(0).padStart(6)} ms ${grownMiB.toFixed(0).padStart(4)} MiB`
  return `  ${basename(file).padEnd(50)}${numbers}  ${what}`
}

formats('decodes or refuses every sample', async () => {
  if (!existsSync(samples)) return console.log('  skipped: no ../shared/formats')
  const names = readdirSync(samples).filter((name) => name !== 'LICENSE')
  const files = await decodeFiles(names.map((name) => join(samples, name)))
  const refused = new Map<string, string>()
  for (const { file, result } of files)
    if (!result.ok) refused.set(basename(file), `${result.outcome}: ${result.detail}`)

  const expected: Record<string, RegExp> = {
    'truncated.jpg': /^image_broken: .*premature end/,
    'truncated.png': /^image_broken: .*read error/,
    'corrupt-header.jpg': /^image_broken: .*corrupt header/,
    'giant-image.jpg': /^image_pixels: 20000×14000$/,
    '65536-uint32-limit.png': /^image_pixels: 65536×65536$/,
  }
  for (const [name, pattern] of Object.entries(expected)) {
    assert.match(refused.get(name) ?? 'decoded', pattern, name)
    refused.delete(name)
  }
  // of the others only those in formats that are not read
  for (const [name, reason] of refused) {
    assert.match(name, /\.(svg|tiff?|avif|jp2)$/)
    const extension = name.replace(/^.*\./, '').replace(/^tif$/, 'tiff')
    assert.is(reason, `image_format: ${extension}`)
  }
})

formats('spends neither memory nor time on small files that ask for it', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'shoal-formats-'))
  try {
    const paths: string[] = []
    for (const [name, { make }] of Object.entries(HOSTILE)) {
      const path = join(directory, name)
      await writeFile(path, await make())
      paths.push(path)
    }
    for (const { file, result, milliseconds } of await decodeFiles(paths)) {
      const became = result.ok ? 'decoded' : result.outcome
      assert.is(became, HOSTILE[basename(file)]?.becomes, `${basename(file)}: ${result.ok || result.detail}`)
      assert.ok(milliseconds < 10_000, `${basename(file)} took ${milliseconds} ms`)
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})

formats('survives cut and overwritten files', async () => {
  const geometry: CropGeometry = { mode: 'crop', resize: 64, width: 64, height: 64, kernel: 'cubic' }
  const pixels = Uint8Array.from({ length: 160 * 120 * 3 }, (_, i) => (i * i) >> 9)
  const picture = sharp(pixels, { raw: { width: 160, height: 120, channels: 3 } }).withMetadata({
    orientation: 3,
  })
  const sound = await Promise.all([
    picture.clone().jpeg().toBuffer(),
    picture.clone().jpeg({ progressive: true }).toBuffer(),
    picture.clone().png().toBuffer(),
    picture.clone().png({ palette: true, progressive: true }).toBuffer(),
    picture.clone().webp().toBuffer(),
    picture.clone().webp({ lossless: true }).toBuffer(),
    picture.clone().gif().toBuffer(),
  ])
  const damage = fc.record({
    file: fc.constantFrom(...sound),
    // mostly near the beginning, where the headers are
    overwritten: fc.array(
      fc.tuple(
        fc.oneof(fc.double({ min: 0, max: 0.1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
        fc.nat(255),
      ),
      { maxLength: 12 },
    ),
    kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  })
  const decoder = startDecoder({ threads: availableParallelism() })
  const rules = { ...PRESETS['laion-5b']!, image: { ...PRESETS['laion-5b']!.image, minBytes: 0 } }
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 8, maxLength: 8 }), async (batch) => {
        const results = await Promise.all(
          batch.map(({ file, overwritten, kept }) => {
            const bytes = new Uint8Array(file)
            for (const [where, value] of overwritten) bytes[Math.floor(where * (bytes.length - 1))] = value
            return decoder.decode(bytes.subarray(0, Math.ceil(kept * bytes.length)), geometry, rules)
          }),
        )
        for (const result of results) {
          if (result.ok) assert.is(result.image.crop.length, 64 * 64 * 3)
          else assert.ok(result.outcome in OUTCOMES && result.detail !== '' && result.detail.length <= 120)
        }
      }),
      { numRuns: 60 },
    )
  } finally {
    await decoder.close()
  }
})

formats.run()
