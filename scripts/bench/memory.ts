import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { generateWarc, record } from './generate-crawl.ts'
import { generateJpegs } from './generate-images.ts'
import type { MemoryRun } from './memory-run.ts'

const MIB = 1024 * 1024
/** Inflated bytes of the file, and how they come: pages whose pictures are elsewhere, and pages with theirs. */
const TOTAL_BYTES = 160 * MIB
const PAGES_BYTES = 8 * MIB
const PICTURES_PER_ROUND = 30
const PICTURES_PER_PAGE = 6

/**
 * The peak of a whole process that runs a segment on all cores without a network, pictures from the archive
 * itself included, and how long its main thread kept others waiting.
 *
 * @param file - a WARC; by default one is generated
 * @param totalBytes - of the generated one, inflated
 */
export async function benchMemory(file?: string, totalBytes = TOTAL_BYTES): Promise<MemoryRun> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  try {
    const warc = file ?? join(dir, 'memory.warc.gz')
    if (file === undefined) await pipeline(generateArchive(totalBytes), createWriteStream(warc))
    // as the program itself starts, see cli/bound-arenas.ts
    const env = { ...process.env, MALLOC_ARENA_MAX: '2' }
    const child = fork(new URL('./memory-run.ts', import.meta.url), [warc, join(dir, 'data')], { env })
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`the crawl ended with ${code}`)
    })
    const [run] = (await Promise.race([once(child, 'message'), failed])) as [MemoryRun]
    await failed.catch(() => {})
    return run
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function* generateArchive(totalBytes: number): AsyncGenerator<Buffer> {
  const pictures = await generateJpegs(1, 2 * PICTURES_PER_ROUND)
  const roundBytes = PAGES_BYTES + PICTURES_PER_ROUND * 120_000
  for (let round = 0; round * roundBytes < totalBytes; round++) {
    yield generateWarc(round, PAGES_BYTES)
    for (let first = 0; first < PICTURES_PER_ROUND; first += PICTURES_PER_PAGE) {
      const page = `http://site${round}.example/${first}`
      const tags: string[] = []
      for (let i = first; i < first + PICTURES_PER_PAGE; i++) {
        const name = `${page}/${i}.jpg`
        tags.push(`<img src="${name}" alt="picture ${i} of round ${round}, in the garden behind the house">`)
        const picture = pictures[(round * PICTURES_PER_ROUND + i) % pictures.length] as Uint8Array
        yield response(name, 'image/jpeg', picture)
      }
      yield response(
        page,
        'text/html; charset=utf-8',
        Buffer.from(`<html><body>${tags.join('<p>')}</body></html>`),
      )
    }
  }
}

function response(url: string, type: string, body: Uint8Array): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`
  return gzipSync(
    record('response', url, 'application/http; msgtype=response', Buffer.concat([Buffer.from(head), body])),
    { level: 1 },
  )
}
