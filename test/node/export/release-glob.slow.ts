import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportPairs } from '../../../node/export/export.ts'
import { createRelease } from '../../../node/release/release.ts'
import { HIDES_NOTHING } from '../denied/hides-nothing.ts'
import { clock, makeReleasable } from '../release/made-campaign.ts'
import { duckdb, makePair, range } from '../shard/sample.ts'

const releases = suite('a release of 100 shards')
const SHARDS = 100
const PAIRS = 30
/** Of each shard but the first, the pairs that the one before has too. */
const SHARED = 10

releases('DuckDB reads it by one glob, each pair once', async () => {
  const made = await makeReleasable(
    range(SHARDS).map((i) => range(PAIRS).map((j) => makePair(i * (PAIRS - SHARED) + j))),
  )
  try {
    const { campaign, organiser, dir } = made
    const request = { campaign, policy: null, removals: null, validDays: 30 }
    const { id } = await createRelease({ ...organiser, clock }, request)
    const pairs = SHARDS * PAIRS - (SHARDS - 1) * SHARED
    for (const format of ['parquet', 'laion5b'] as const) {
      const out = join(dir, format)
      await exportPairs(organiser.home, {
        ...{ cids: [id], format, out, isFile: false, rowsPerFile: null, filters: {}, signers: [] },
        ...{
          judge: async () => null,
          hiding: HIDES_NOTHING,
          demandFresh: async () => {},
          now: clock(),
          signal: new AbortController().signal,
          onProgress() {},
        },
      })
      const url = format === 'parquet' ? 'url' : 'URL'
      const [counted] = await duckdb(
        `select count(*)::int as rows, count(distinct ${url})::int as pairs, count(distinct filename)::int as files from read_parquet('${out}/*.parquet', filename = true)`,
      )
      assert.equal(counted, { rows: pairs, pairs, files: SHARDS })
    }
  } finally {
    await made.close()
  }
})

releases.run()
