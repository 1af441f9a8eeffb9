import * as assert from 'uvu/assert'
import { tally } from './count-findings.ts'
import type { HonestAudits } from './honest-shards.ts'

/** Asserts that nobody accuses anybody, and tells how much could not be verified. */
export function isHonest({ findings, deviceClasses, judged, offences }: HonestAudits): void {
  for (const shard of findings)
    for (const found of shard) {
      const forged = found.filter(({ finding }) => finding === 'forged')
      assert.equal(forged, [], 'no row is called forged')
    }
  const isRow = ({ frame }: { frame: string }) => frame !== 'source'
  const all = findings.flat(2)
  console.log(`\n  ${findings.length} shards, ${all.length} findings`)
  for (const deviceClass of new Set(deviceClasses))
    for (const [verifier, name] of ['like', 'like', 'fp32 alone'].entries()) {
      const seen = findings
        .filter((_, i) => deviceClasses[i] === deviceClass)
        .flatMap((of) => of[verifier]!.filter(isRow))
      const unverifiable = seen.filter(({ finding }) => finding === 'unverifiable').length
      const share = ((100 * unverifiable) / seen.length).toFixed(1)
      console.log(
        `  ${deviceClass}, verifier ${verifier + 1} (${name}): ${share} % of the rows can't be verified`,
      )
    }
  console.log(`  ${JSON.stringify(tally(all))}`)
  const states: Record<string, number> = {}
  for (const { state } of judged) states[state] = (states[state] ?? 0) + 1
  console.log(`  ${JSON.stringify(states)}`)
  assert.is(offences, 0)
  assert.equal(Object.keys(states), ['verified'])
}
