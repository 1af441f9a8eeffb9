import { setTimeout as sleep } from 'node:timers/promises'
import { control, tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { suggest } from '../suggest.ts'

/** Milliseconds that a node may take to give back what it holds. */
const PATIENCE_MS = 15_000
const LOOK_MS = 100

export async function run(context: Context): Promise<void> {
  const { output, options, signal } = context
  await control(context, 'stop')
  const end = performance.now() + PATIENCE_MS
  let runs = true
  while (runs && performance.now() < end && !signal.aborted) {
    await sleep(LOOK_MS)
    // one that is ending may answer with a failure, or break off
    runs = (await tryControl(context, 'list').catch(() => [])) !== undefined
  }
  output.print(
    runs
      ? `It is still stopping: see ${suggest('log', options.data)}`
      : 'Stopped. What was at work was given up: others may take it.',
  )
  output.emit({ done: 'stop', stopped: !runs })
}
