import { formatThings } from '../numbers.ts'
import type { Output } from '../output.ts'
import { layOut } from '../table.ts'
import type { Caught } from './catch-cheats.ts'
import { SHOWN_CHEATS } from './cheats/names.ts'
import type { DemoResult } from './show-summary.ts'

/** Who cheated and who found out, by which row; nothing where nobody cheats. */
export function showCaught(
  output: Output,
  { nodes, caught, shards }: Pick<DemoResult, 'nodes' | 'caught' | 'shards'>,
): void {
  const nameOf = (peer: string) => `node ${nodes.findIndex(({ peerId }) => peerId === peer) + 1}`
  const cheat = nodes.find((node) => node.cheat !== null)
  if (cheat?.cheat) {
    output.heading(`${nameOf(cheat.peerId)} cheats, and ${caught.length > 0 ? 'is caught' : 'is NOT CAUGHT'}`)
    tell(output, `How: ${SHOWN_CHEATS[cheat.cheat]}.`, 2)
  }
  for (const one of caught) {
    const redone = shards.find(({ segment }) => segment === one.segment)
    const agrees =
      one.contradictions === 0
        ? 'looked at the same rows and agrees'
        : 'looked at the same rows and DISAGREES'
    tell(
      output,
      `segment ${one.segment}: ${nameOf(one.verifier)} looked at ${formatThings(one.rows, 'row')} that it could not choose, and found ${one.forged} forged; ${nameOf(one.repeatedBy)} ${agrees}.`,
      2,
    )
    tell(output, describeExample(one), 4)
    tell(
      output,
      redone
        ? `Its shard is refused, and ${nameOf(redone.peer)} has done the segment again.`
        : 'Its shard is refused.',
      4,
    )
  }
  if (cheat || caught.length > 0) output.print()
}

/** What the shard says of one row, and what the verifier found. */
function describeExample({ example: { frame, row, code, said, found } }: Caught): string {
  const where = frame === 'source' ? 'At a place of the segment' : `In row ${row} of those ${frame}`
  return `${where}, ${describeFacts(code, said, found)} [${code}].`
}

function describeFacts(code: string | null, said: Facts, found: Facts): string {
  if (code === 'row_withheld') return `the page has ${found.url}, which it leaves out`
  if (code === 'row_absent') return `it has ${said.url}, which is not on the page`
  const differing = Object.keys(found).filter((name) => said[name] !== found[name])
  const facts = differing.map((name) => `${name} ${show(said[name])}, where ${show(found[name])} is right`)
  return `${said.url === undefined ? '' : `of ${said.url}, `}it says ${facts.join('; ')}`
}

type Facts = Caught['example']['said']

function show(fact: string | number | undefined): string {
  if (typeof fact !== 'number') return JSON.stringify(fact ?? null)
  return Number.isInteger(fact) ? `${fact}` : fact.toFixed(3)
}

function tell(output: Output, text: string, indent: number): void {
  for (const line of layOut([{ title: '' }], [[text]], 80 - indent))
    output.print(`${' '.repeat(indent)}${line}`)
}
