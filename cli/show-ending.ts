import wrapAnsi from 'wrap-ansi'
import type { AuditEnding, Ending } from '../node/daemon/daemon.ts'
import type { Output } from './output.ts'
import { shorten } from './table.ts'

const WIDTH = 80
/** Columns of the time, and what divides it from the rest. */
const BEFORE = 10

/** A segment has ended here: a line or two with the time; with `--json` a line `{"segment": …}`. */
export function showEnding(output: Output, ending: Ending, now: Date = new Date()): void {
  output.emit({ segment: ending })
  const lines = wrap(`segment ${ending.segment} ${describe(ending)}`)
  if (ending.how === 'done') lines.push(ending.manifest)
  show(output, lines, now)
}

/** An audit of another node's shard has ended here; with `--json` a line `{"audit": …}`. */
export function showAudit(output: Output, audit: AuditEnding, now: Date = new Date()): void {
  output.emit({ audit })
  const { segment, manifest } = audit
  const end =
    audit.how === 'done'
      ? `is audited: ${audit.ruling}`
      : `can't be audited now (${audit.code}): ${shorten(audit.message, 400)}`
  show(output, [...wrap(`the shard of segment ${segment} ${end}`), manifest], now)
}

const wrap = (text: string) => wrapAnsi(text, WIDTH - BEFORE, { hard: true }).split('\n')

function show(output: Output, lines: readonly string[], now: Date): void {
  for (const [i, line] of lines.entries())
    output.print(`${i === 0 ? now.toLocaleTimeString('sv').padEnd(BEFORE) : ' '.repeat(BEFORE)}${line}`)
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
