import type { DaemonOptions } from '../node/daemon/daemon.ts'
import { MAX_CALLED_BYTES } from '../protocol/limits.ts'
import { isCalled } from '../protocol/records/shard.ts'
import type { Options } from './options.ts'
import { UsageError } from './parse.ts'

/** @throws UsageError for a name that no record takes */
export function readCalled({ operator, team }: Options): DaemonOptions['called'] {
  const called: DaemonOptions['called'] = {}
  for (const [name, text] of Object.entries({ operator, team })) {
    if (text === undefined) continue
    if (!isCalled(text))
      throw new UsageError(`--${name} takes a name of at most ${MAX_CALLED_BYTES} bytes, in one line`)
    called[name as keyof typeof called] = text
  }
  return called
}
