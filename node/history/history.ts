import { decode, encode } from '@ipld/dag-cbor'
import { ShoalError } from '../../protocol/errors.ts'
import type { Amounts } from '../components.ts'
import type { Log } from '../log.ts'
import { orderedKey, type Table } from '../store/store.ts'

/** What is remembered: an hour by 10 seconds, a day by 5 minutes, 31 days by 2 hours. Each is made of the one before. */
const SPANS = {
  hour: { number: 0, stepSeconds: 10, steps: 360 },
  day: { number: 1, stepSeconds: 300, steps: 288 },
  month: { number: 2, stepSeconds: 7200, steps: 372 },
} as const
/** Milliseconds between two writes to the disk: so much is lost where the process dies. */
const WRITE_MS = 60_000

export type Span = keyof typeof SPANS

/** Amounts within a step, and states on the average of it. */
export interface Point extends Amounts {
  /** when the step begins, milliseconds since 1970 */
  at: number
  /** of the step, in which the node ran */
  seconds: number
  segments: number
  audits: number
  /** cores that the node used */
  cpu: number
  /** how much of the time its devices were at work, 0 to 1 */
  busy: number
  /** bytes of memory */
  memory: number
  /** that were connected */
  peers: number
}

/** Steps in which the node did not run have no point. */
export interface Past {
  span: Span
  stepSeconds: number
  /** the oldest first */
  points: Point[]
}

/** What is looked at: amounts since the start of the process, which only grow, and states of the moment. */
export interface Reading extends Amounts, Record<(typeof COUNTED)[number], number> {
  cpuSeconds: number
  busySeconds: number
  memory: number
  peers: number
}

export interface History {
  /** @throws ShoalError `span_unknown` */
  read(span: string): Past
  /** Take down what was since the last look. */
  look(): Promise<void>
  close(): Promise<void>
}

const COUNTED = ['read', 'fetched', 'decoded', 'scored', 'kept', 'segments', 'audits'] as const
const AVERAGED = ['cpu', 'busy', 'memory', 'peers'] as const
const FIELDS = ['at', 'seconds', ...COUNTED, ...AVERAGED] as const

type Ring = (Point | undefined)[]

/**
 * Remember how a node gets on, across its processes. What is kept has always the same size: a step's place in the
 * table is that of the step which it makes forgotten.
 *
 * @param clock - milliseconds since 1970; @param now - milliseconds, of a clock that nobody sets
 */
export async function openHistory(
  table: Table,
  take: () => Promise<Reading>,
  { clock, log, now = () => performance.now() }: { clock: () => number; log: Log; now?: () => number },
): Promise<History> {
  const rings = await load(table)
  const changed = new Map<string, { key: Uint8Array; value: Uint8Array }>()
  let last = { at: clock(), ms: now(), reading: await take() }
  let writtenAt = now()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let looking = Promise.resolve()

  async function lookNow(): Promise<void> {
    const current = { at: clock(), ms: now(), reading: await take() }
    const seconds = (current.ms - last.ms) / 1000
    if (seconds > 0) add(pointBetween(last.reading, current.reading, seconds), last.at, current.at)
    last = current
    if (current.ms - writtenAt >= WRITE_MS) await write()
  }

  function add(point: Point, from: number, to: number): void {
    const { stepSeconds } = SPANS.hour
    // where a machine slept or its clock was set, what is known is what was just now
    const middle = Math.min(to, Math.max((from + to) / 2, to - stepSeconds * 1000))
    const step = Math.floor(middle / 1000 / stepSeconds)
    const there = findPoint('hour', step)
    put('hour', step, join(there ? [there, point] : [point]))
    for (const [finer, span] of [
      ['hour', 'day'],
      ['day', 'month'],
    ] as const) {
      const parts = SPANS[span].stepSeconds / SPANS[finer].stepSeconds
      const own = Math.floor((step * stepSeconds) / SPANS[span].stepSeconds)
      const found = Array.from({ length: parts }, (_, i) => findPoint(finer, own * parts + i))
      put(span, own, join(found.filter((one) => one !== undefined)))
    }
  }

  function findPoint(span: Span, step: number): Point | undefined {
    const point = rings[span][step % SPANS[span].steps]
    return point?.at === step * SPANS[span].stepSeconds * 1000 ? point : undefined
  }

  function put(span: Span, step: number, point: Point): void {
    const { number, stepSeconds, steps } = SPANS[span]
    const placed = { ...point, at: step * stepSeconds * 1000 }
    const place = step % steps
    rings[span][place] = placed
    const value = encode(FIELDS.map((field) => placed[field]))
    const key = orderedKey(Uint8Array.of(number), place)
    changed.set(`${number} ${place}`, { key, value })
  }

  async function write(): Promise<void> {
    writtenAt = now()
    const writes = [...changed.values()]
    changed.clear()
    await table.batch(writes.map((one) => ({ type: 'put', ...one })))
  }

  function look(): Promise<void> {
    looking = looking.then(lookNow).catch(tell)
    return looking
  }

  /** It is not worth ending a node's work for. */
  function tell(error: Error): void {
    log.warn({ error }, 'the history was not taken down')
  }

  function schedule(): void {
    const stepMs = SPANS.hour.stepSeconds * 1000
    if (!closed) timer = setTimeout(() => look().then(schedule), stepMs - (clock() % stepMs)).unref()
  }
  schedule()

  return {
    read(span) {
      if (!Object.hasOwn(SPANS, span))
        throw new ShoalError('span_unknown', `there is no history of ${span}: ask for hour, day or month`)
      const { stepSeconds, steps } = SPANS[span as Span]
      const until = clock()
      const from = until - stepSeconds * steps * 1000
      const points = rings[span as Span].filter((point) => point && point.at >= from && point.at <= until)
      return {
        ...{ span: span as Span, stepSeconds },
        points: (points as Point[]).sort((a, b) => a.at - b.at),
      }
    },
    look,
    async close() {
      closed = true
      clearTimeout(timer)
      await look()
      await write().catch(tell)
    },
  }
}

function pointBetween(before: Reading, after: Reading, seconds: number): Point {
  const counted = COUNTED.map((field) => [field, after[field] - before[field]])
  return {
    ...(Object.fromEntries(counted) as Pick<Point, (typeof COUNTED)[number]>),
    ...{ at: 0, seconds },
    cpu: (after.cpuSeconds - before.cpuSeconds) / seconds,
    busy: Math.min(1, (after.busySeconds - before.busySeconds) / seconds),
    ...{ memory: after.memory, peers: after.peers },
  }
}

/** One point of several: of what is averaged, each weighs as much as it lasted. */
function join(points: Point[]): Point {
  const joined = Object.fromEntries(FIELDS.map((field) => [field, 0])) as unknown as Point
  for (const point of points) {
    for (const field of ['seconds', ...COUNTED] as const) joined[field] += point[field]
    for (const field of AVERAGED) joined[field] += point[field] * point.seconds
  }
  for (const field of AVERAGED) joined[field] /= joined.seconds
  return joined
}

async function load(table: Table): Promise<Record<Span, Ring>> {
  const rings: Record<Span, Ring> = { hour: [], day: [], month: [] }
  const spans = Object.keys(SPANS) as Span[]
  for await (const [key, value] of table.iterator()) {
    const numbers: unknown = decode(value)
    const span = spans.find((name) => SPANS[name].number === key[0])
    // another version may keep more, or less
    if (!span || !Array.isArray(numbers) || numbers.length !== FIELDS.length) continue
    const place = new DataView(key.buffer, key.byteOffset).getUint32(1)
    rings[span][place] = Object.fromEntries(FIELDS.map((field, i) => [field, numbers[i]])) as unknown as Point
  }
  return rings
}
