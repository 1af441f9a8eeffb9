import { type Ending, startWorker, type WorkerParts } from '../../../node/daemon/worker.ts'
import { openLog } from '../../../node/log.ts'
import type { Network } from '../../../node/network/network.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Signer } from '../../../protocol/envelope.ts'
import { type Place, sealShard } from '../ledger/make-records.ts'
import { until } from '../network/start-node.ts'

/** A run of a segment, which goes on until the test ends it, or the worker puts it down. */
interface Run {
  segment: number
  signal: AbortSignal
  finish(): Promise<void>
  fail(error: Error): void
}

/** A worker on a ledger, whose segments are produced by the test. */
export function startOwnWorker(
  { ledger, time }: Pick<Place, 'ledger' | 'time'>,
  { segments, signer, network }: { segments: number; signer: Signer; network: Network },
) {
  const runs: Run[] = []
  const endings: Ending[] = []
  const may = { work: true, begin: true }
  let seq = 0
  const producer: WorkerParts['producer'] = {
    produce({ id, segment }, { signal }) {
      const { promise, resolve, reject } = Promise.withResolvers<{ manifest: string; envelope: Uint8Array }>()
      signal.addEventListener('abort', () => reject(signal.reason))
      runs.push({
        ...{ segment, signal, fail: reject },
        async finish() {
          const shard = await sealShard({ id, bytes: new Uint8Array() }, signer, { segment, seq: seq++ })
          resolve({ manifest: cidOf(encode(`${segment}`)).toString(), envelope: shard.bytes })
        },
      })
      return promise
    },
  }
  const parts = { ledger, network, signer, producer, clock: () => time.now }
  const running = startWorker(parts, {
    ...{ log: openLog('silent', 'stderr'), segments, contentionMs: 20 },
    ...{ mayWork: () => may.work, mayBegin: async () => may.begin, isReady: () => true },
    onEnd: (ending) => endings.push(ending),
  })
  return {
    ...{ ...running, runs, endings, may },
    /** The next run that was not asked for yet. */
    next: (() => {
      let taken = 0
      return async (): Promise<Run> => {
        await until('a segment is run', () => runs.length > taken)
        return runs[taken++]!
      }
    })(),
    async stop() {
      running.end('now')
      await running.ended
    },
  }
}
