import wrapAnsi from 'wrap-ansi'
import type { Ending } from '../node/daemon/daemon.ts'
import type { Output } from './output.ts'
import { shorten } from './table.ts'

const WIDTH = 80

/** A segment has ended here: a line or two with the time; with `--json` a line `{"segment": …}`. */
export function showEnding(output: Output, ending: Ending, now: Date = new Date()): void {
  output.emit({ segment: ending })
  const text = `${now.toLocaleTimeString('sv')}  segment ${ending.segment} ${describe(ending)}`
  for (const line of wrapAnsi(text, WIDTH, { hard: true }).split('\n')) output.print(line)
  if (ending.how === 'done') output.print(`          ${ending.manifest}`)
}

function describe(ending: Ending): string {
  switch (ending.how) {
    case 'done':
      return 'is done'
    case 'failed':
      return `failed (${ending.code}): ${shorten(ending.message, 400)}`
    case 'given_up':
      return 'is given up: others may take it, and what was done of it stays here'
    case 'lost':
      return 'is left to another node, which was first'
  }
}
