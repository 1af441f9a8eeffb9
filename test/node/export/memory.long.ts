import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generateShard } from '../../../scripts/bench/generate-shard.ts'
import { startShoal } from '../../cli/run-shoal.ts'
import { duckdb } from '../shard/sample.ts'

const memory = suite('memory of an export')
const DIMENSIONS = 64
const MAX_MIB = 640
/** What a shard twenty times as large may take more: its footer, and blocks that are read faster than they are collected. */
const MAX_GROWTH_MIB = 280
const LIMIT_MS = 300_000

async function withShard(rows: number, use: (dir: string, cid: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-export-'))
  try {
    const shard = await generateShard(dir, rows, DIMENSIONS)
    await shard.close()
    await rm(shard.filesDir, { recursive: true })
    await use(dir, shard.manifest.toString())
  } finally {
    await rm(dir, { recursive: true })
  }
}

/** @returns MiB that the program held at most, and its last line */
async function measure(args: string[]): Promise<{ peak: number; result: { rows: number } }> {
  const { child, ended } = startShoal(args, {}, LIMIT_MS)
  let peak = 0
  const poll = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // it has ended
    }
  }, 20)
  const { status, stdout, stderr } = await ended
  clearInterval(poll)
  assert.is(status, 0, stderr)
  return { peak, result: JSON.parse(stdout.trim().split('\n').at(-1)!) }
}

memory('does not follow the number of rows', async () => {
  if (process.platform !== 'linux') return void console.log('skipped: /proc tells the memory on Linux alone')
  const peaks: Record<string, number[]> = {}
  for (const rows of [50_000, 1_000_000])
    await withShard(rows, async (dir, cid) => {
      for (const format of rows > 50_000 ? ['laion5b'] : ['laion5b', 'jsonl']) {
        const out = join(dir, 'out')
        const args = [
          'export',
          cid,
          '--format',
          format,
          '--min-similarity',
          '0.3',
          '--out',
          out,
          '--data',
          dir,
        ]
        const from = performance.now()
        const { peak, result } = await measure([...args, '--json'])
        const seconds = (performance.now() - from) / 1000
        console.log(`${format}: ${rows} rows in ${seconds.toFixed(1)} s, at most ${Math.round(peak)} MiB`)
        peaks[format] = [...(peaks[format] ?? []), peak]
        const [counted] = await duckdb(
          `select count(*)::int as n from '${out}/pairs*.${format === 'jsonl' ? 'jsonl' : 'parquet'}'`,
        )
        assert.is(counted?.n, result.rows)
        assert.ok(result.rows > rows / 2 && result.rows < rows)
        await rm(out, { recursive: true })
      }
    })
  for (const [format, [few, many]] of Object.entries(peaks)) {
    for (const peak of [few!, many ?? 0]) assert.ok(peak < MAX_MIB, `${format}: ${peak} MiB`)
    if (many === undefined) continue
    assert.ok(many - few! < MAX_GROWTH_MIB, `${format}: ${few} MiB of few rows, ${many} MiB of many`)
  }
})

memory.run()
