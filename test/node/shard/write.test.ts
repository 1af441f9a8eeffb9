/// <reference lib="esnext.float16" />
import { hash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startShardWriter } from '../../../node/shard/shard.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import { pairUid } from '../../../protocol/uid.ts'
import { DIMENSIONS, duckdb, makeOutcome, makePair, range, withDirectory } from './sample.ts'

const write = suite('shard writer')

write('writes what DuckDB reads back, value for value', () =>
  withDirectory(async (dir) => {
    const count = 5_000
    const pairs = range(count).map(makePair)
    const writer = await startShardWriter(dir)
    await writer.add({ pairs, outcomes: range(count).map(makeOutcome) })
    const files = await writer.finish()
    assert.equal(
      files.map(({ name, rows }) => [name, rows]),
      [
        ['pairs.parquet', count],
        ['outcomes.parquet', count],
      ],
    )

    const file = join(dir, 'pairs.parquet')
    const rows = await duckdb(`
      select * exclude (embedding, fetched_at), hex(embedding) as embedding, epoch_ms(fetched_at) as fetched_at
      from '${file}'`)
    assert.is(rows.length, count)
    const sha256 = (bytes: Uint8Array) => hash('sha256', bytes)
    for (const [i, pair] of pairs.entries()) {
      const { embedding } = pair
      const expected = {
        uid: pairUid(pair, sha256),
        url: pair.url,
        text: pair.text,
        width: pair.width,
        height: pair.height,
        similarity: pair.similarity,
        language: pair.language,
        license: pair.license,
        nsfw: pair.nsfw,
        watermark: pair.watermark,
        hash: hash('md5', pair.url + pair.text),
        page_url: pair.pageUrl,
        warc_path: pair.warcPath,
        warc_offset: String(pair.warcOffset),
        warc_length: String(pair.warcLength),
        image_ordinal: pair.imageOrdinal,
        sha256: pair.sha256,
        md5: pair.md5,
        pdq: pair.pdq,
        signals: pair.signals,
        signals_at: pair.signalsAt.map((at) => new Date(at).toISOString()),
        tags: pair.tags,
        faces: pair.faces,
        face_boxes: pair.faceBoxes,
        embedding: Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength)
          .toString('hex')
          .toUpperCase(),
        fetched_at: String(pair.fetchedAt),
      }
      assert.equal(rows[i], expected, `row ${i}`)
    }
    const last = Buffer.from(rows.at(-1)?.embedding as string, 'hex')
    const half = new Float16Array(new Uint8Array(last).buffer)
    assert.is(half.length, DIMENSIONS)
    assert.ok(Math.abs((half[0] as number) - Math.sin((count - 1) * 31 + 1) / 7) < 1e-4)

    const types = await duckdb(`select column_name, column_type from (describe select * from '${file}')`)
    const typeOf = Object.fromEntries(types.map((row) => [row.column_name, row.column_type]))
    assert.is(typeOf.signals, 'VARCHAR[]')
    assert.is(typeOf.fetched_at, 'TIMESTAMP WITH TIME ZONE')
    assert.is(typeOf.embedding, 'BLOB')

    const outcomes = await duckdb(`
      select outcome, count(*)::int as n, count(detail)::int as details, count(similarity)::int as scored, max(warc_offset) > 5e9 as far,
        count(sha256)::int as hashed, bool_and(source_offset = warc_offset and source_length = warc_length) as same,
        count(image_offset)::int as archived, min(image_offset) >= 6e9 as inside, max(image_length)::int as longest
      from '${join(dir, 'outcomes.parquet')}' group by outcome order by outcome`)
    const archived = (odd: number) => range(count).filter((i) => i % 9 === 0 && i % 2 === odd)
    const place = (odd: number) => ({
      ...{ same: true, archived: archived(odd).length, inside: true, longest: 7 + archived(odd).at(-1)! },
    })
    assert.equal(outcomes, [
      {
        outcome: 'http_status',
        n: count / 2,
        details: count / 2,
        scored: 0,
        far: true,
        hashed: 0,
        ...place(1),
      },
      {
        outcome: 'kept',
        n: count / 2,
        details: 0,
        scored: count / 2,
        far: true,
        hashed: count / 2,
        ...place(0),
      },
    ])
  }),
)

write('gives the same bytes however the rows are divided', () =>
  withDirectory(async (dir) => {
    const [pairs, outcomes] = [range(5_000).map(makePair), range(17_000).map(makeOutcome)]
    async function bytes(name: string, sizes: number[]): Promise<string> {
      const writer = await startShardWriter(join(dir, name))
      let [i, pairAt, outcomeAt] = [0, 0, 0]
      while (pairAt < pairs.length || outcomeAt < outcomes.length) {
        const size = sizes[i++ % sizes.length] as number
        // not awaited: order must hold all the same
        writer.add({ pairs: pairs.slice(pairAt, pairAt + size) })
        writer.add({ outcomes: outcomes.slice(outcomeAt, outcomeAt + 3 * size) })
        pairAt += size
        outcomeAt += 3 * size
      }
      const files = await writer.finish()
      return (await Promise.all(files.map(async ({ path }) => hash('sha256', await readFile(path))))).join()
    }
    const whole = await bytes('whole', [20_000])
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4_000 }), { minLength: 2, maxLength: 6 }),
        async (sizes) => {
          assert.is(await bytes('divided', sizes), whole)
        },
      ),
      { numRuns: 3 },
    )
    const before = await bytes('again', [999, 1_001])
    pairs[4_999] = makePair(1)
    assert.is(before, whole)
    assert.is.not(await bytes('changed', [20_000]), whole)
  }),
)

write('holds nothing of the machine, the clock or versions', () =>
  withDirectory(async (dir) => {
    const writer = await startShardWriter(dir)
    await writer.add({ pairs: [makePair(1)], outcomes: [makeOutcome(1)] })
    for (const { path } of await writer.finish()) {
      const [metadata] = await duckdb(`select created_by from parquet_file_metadata('${path}')`)
      assert.is(metadata?.created_by, 'shoal')
      assert.equal(await duckdb(`select * from parquet_kv_metadata('${path}')`), [])
    }
  }),
)

write('writes an empty shard that is still a table', () =>
  withDirectory(async (dir) => {
    const writer = await startShardWriter(dir)
    await writer.add({})
    const files = await writer.finish()
    assert.equal(
      files.map(({ rows }) => rows),
      [0, 0],
    )
    for (const { path } of files)
      assert.equal(await duckdb(`select count(*)::int as n from '${path}'`), [{ n: 0 }])
    await writer.close()
  }),
)

write('refuses embeddings of two models in one shard, and says so again at the end', () =>
  withDirectory(async (dir) => {
    const writer = await startShardWriter(dir)
    await writer.add({ pairs: [makePair(1)] })
    const other = { ...makePair(2), embedding: new Uint16Array(7) }
    const code = (work: Promise<unknown>) =>
      work.then(
        () => 'nothing thrown',
        (error: ShoalError) => error.code,
      )
    assert.is(await code(writer.add({ pairs: [other] })), 'shard_embedding')
    assert.is(await code(writer.finish()), 'shard_embedding')
    await writer.close()
  }),
)

write('cuts what strangers make endless', () =>
  withDirectory(async (dir) => {
    const writer = await startShardWriter(dir)
    const endless = { ...makePair(1), signals: range(1_000).map((i) => `${i}: ${'🦊'.repeat(1_000)}`) }
    await writer.add({ pairs: [endless], outcomes: [{ ...makeOutcome(1), url: `data:${'x'.repeat(1e6)}` }] })
    const [pairs, outcomes] = await writer.finish()
    const [row] = await duckdb(
      `select len(signals)::int as n, max(len(signals[1]))::int as chars from '${pairs?.path}' group by all`,
    )
    assert.equal(row, { n: 64, chars: 257 })
    const [outcome] = await duckdb(`select len(url)::int as chars from '${outcomes?.path}'`)
    assert.equal(outcome, { chars: 4096 })
  }),
)

write('stays small and lets the main thread run', () =>
  withDirectory(async (dir) => {
    const count = 40_000
    const embedding = new Uint16Array(256).map((_, i) => (i * 40_503) & 0xbfff)
    const made = range(2_000).map((i) => ({ ...makePair(i), embedding }))
    const outcomes = range(2_000).map(makeOutcome)
    const loop = monitorEventLoopDelay({ resolution: 5 })
    const before = process.memoryUsage().rss
    let peak = before
    const writer = await startShardWriter(dir)
    loop.enable()
    const cpu = process.threadCpuUsage()
    const start = performance.now()
    for (let done = 0; done < count; done += 2_000) {
      await writer.add({ pairs: made, outcomes })
      peak = Math.max(peak, process.memoryUsage().rss)
    }
    await writer.finish()
    loop.disable()
    const { user, system } = process.threadCpuUsage(cpu)
    const busy = (user + system) / 1000 / ((2 * count) / 1000)
    const rate = Math.round((count / (performance.now() - start)) * 1000)
    const extra = Math.round((peak - before) / 2 ** 20)
    const p99 = loop.percentile(99) / 1e6 - 5
    console.log(
      `  ${rate} rows/s, ${extra} MiB more, event loop p99 ${p99.toFixed(1)} ms, ${busy.toFixed(1)} ms a message`,
    )
    assert.ok(extra < 250, `${extra} MiB`)
    // of this thread's own time: the delay above is the machine's as well
    assert.ok(busy < 25, `${busy} ms a message`)
  }),
)

write.run()
