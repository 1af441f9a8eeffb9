import { decode, encode } from '@ipld/dag-cbor'
import { coarserDevice } from '../../protocol/rules/device-class.ts'
import type { SegmentCounts } from '../components.ts'
import { type Store, startingWith } from '../store/store.ts'
import { clearRun } from './queue.ts'

/** What is known of a run, from its first moment on. Times are milliseconds since 1970. */
export interface RunState {
  /** changes when the source does: the rows of another content are of no use */
  fingerprint: string
  startedAt: number
  /** null until the segment is read to its end; `open` counts the candidates that no rule had dropped by then */
  read: { counts: SegmentCounts; open: number } | null
  /** of what scored so far, the coarsest: what its shard says */
  deviceClass: string
  /** null until every candidate has its outcome */
  finishedAt: number | null
  /** CID of the published manifest, or null */
  manifest: string | null
}

/** A run of which every candidate has its outcome. */
export type FinishedRun = RunState & { read: NonNullable<RunState['read']>; finishedAt: number }

export function isFinished(state: RunState): state is FinishedRun {
  return state.read !== null && state.finishedAt !== null
}

/** What lies in the database of runs that other versions began has another form where this differs. */
const FORM = '3'

/**
 * The run's state, after an earlier start or from now on. A source that has changed is begun anew, and so is a run whose
 * scores a shard can't hold together with those of the device that is there now.
 *
 * @param now - milliseconds since 1970
 */
export async function openRun(
  store: Store,
  run: Uint8Array,
  scope: Uint8Array,
  { content, device }: { content: string; device: string },
  now: number,
): Promise<RunState> {
  const fingerprint = `${FORM} ${content}`
  const bytes = await store.runs.get(run)
  if (bytes !== undefined) {
    // runs that were begun before this was told
    const state = { deviceClass: device, ...decode<Omit<RunState, 'deviceClass'>>(bytes) }
    const deviceClass = isFinished(state) ? state.deviceClass : coarserDevice(state.deviceClass, device)
    if (state.fingerprint === fingerprint && deviceClass !== null)
      return deviceClass === state.deviceClass ? state : saveRun(store, run, { ...state, deviceClass })
    await forgetRun(store, run, scope)
  }
  const fresh = { startedAt: now, read: null, finishedAt: null, manifest: null }
  return saveRun(store, run, { fingerprint, deviceClass: device, ...fresh })
}

export async function saveRun<State extends RunState>(
  store: Store,
  run: Uint8Array,
  state: State,
): Promise<State> {
  await store.runs.put(run, encode(state))
  return state
}

/** Drop all of a run, as if it had never been. */
async function forgetRun(store: Store, run: Uint8Array, scope: Uint8Array): Promise<void> {
  for await (const [key, owner] of store.seen.iterator(startingWith(scope))) {
    if (Buffer.compare(owner.subarray(0, run.length), run) === 0) await store.seen.del(key)
  }
  await clearRun(store, run)
  // the state goes last: while it is there, this is done again
  await store.runs.del(run)
}
