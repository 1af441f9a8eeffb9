import { performance } from 'node:perf_hooks'
import type { Dispatcher } from 'undici'

/** What was left unread in so many milliseconds may be made up for: late timers cost nothing of the rate. */
const REST_MS = 100

/** What a request's options may hold besides undici's own. */
export interface Throttled {
  /** told when an answer is left unread for the limit's sake, and when it is read on; never after its end */
  onHold?: (held: boolean) => void
}

type Controller = Dispatcher.DispatchController

/**
 * Bounds what is read of all answers together. An answer that brought more than its share is not read on until that
 * is paid for, so that its server has to wait: nothing is dropped, and no time-out of undici's runs meanwhile.
 * What is counted is headers and bodies as they are sent, without TLS and TCP around them.
 *
 * @param first - bytes a second, or null: as much as comes
 */
export function startThrottle(first: number | null) {
  let bytesPerSecond = first
  const held = new Set<() => void>()
  // every piece is paid for in the order of arrival, so that readers have their turns alike
  let paidUntil = 0
  function charge(bytes: number): number {
    if (bytesPerSecond === null) return 0
    const now = performance.now()
    paidUntil = Math.max(paidUntil, now - REST_MS) + (bytes * 1000) / bytesPerSecond
    return paidUntil - now
  }
  const interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (request, handler) =>
    dispatch(request, slowDown(handler, { charge, held, onHold: (request as Throttled).onHold }))
  return {
    interceptor,
    bytesPerSecond: () => bytesPerSecond,
    /** Set another limit. What waits by the old one, which may be for minutes, is read on. */
    limit(next: number | null): void {
      bytesPerSecond = next
      paidUntil = 0
      for (const release of [...held]) release()
    },
  }
}

interface Waiting {
  /** milliseconds that a piece has to be waited for */
  charge: (bytes: number) => number
  /** ends of all waits that are under way */
  held: Set<() => void>
  onHold: Throttled['onHold']
}

function slowDown(
  handler: Dispatcher.DispatchHandler,
  { charge, ...waiting }: Waiting,
): Dispatcher.DispatchHandler {
  let gate: ReturnType<typeof startGate> | null = null
  // before the request has started there is nothing to be held
  const controllerOf = (own: Controller) => gate?.controller ?? own
  return {
    onRequestStart(own, context) {
      gate = startGate(own, waiting)
      handler.onRequestStart?.(gate.controller, context)
    },
    onResponseStart(own, status, headers, message) {
      gate?.hold(charge(sizeOf(own.rawHeaders)))
      handler.onResponseStart?.(controllerOf(own), status, headers, message)
    },
    onResponseData(own, chunk) {
      gate?.hold(charge(chunk.length))
      handler.onResponseData?.(controllerOf(own), chunk)
    },
    onResponseEnd(own, trailers) {
      gate?.end()
      handler.onResponseEnd?.(controllerOf(own), trailers)
    },
    onResponseError(own, error) {
      gate?.end()
      handler.onResponseError?.(controllerOf(own), error)
    },
  }
}

/** A request's controller for two who may stop the reading: the one that takes the answer, and the limit. */
function startGate(own: Controller, { held, onHold }: Omit<Waiting, 'charge'>) {
  let isStopped = false
  let timer: NodeJS.Timeout | null = null
  const controller: Controller = {
    get aborted() {
      return own.aborted
    },
    get paused() {
      return own.paused
    },
    get reason() {
      return own.reason
    },
    get rawHeaders() {
      return own.rawHeaders ?? null
    },
    get rawTrailers() {
      return own.rawTrailers ?? null
    },
    abort: (reason) => own.abort(reason),
    pause() {
      isStopped = true
      own.pause()
    },
    resume() {
      isStopped = false
      if (timer === null) own.resume()
    },
  }
  function end(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    held.delete(release)
  }
  function release(): void {
    end()
    onHold?.(false)
    if (!isStopped) own.resume()
  }
  return {
    controller,
    hold(ms: number): void {
      if (ms <= 0) return
      if (timer === null) onHold?.(true)
      else clearTimeout(timer)
      own.pause()
      timer = setTimeout(release, ms)
      held.add(release)
    },
    end,
  }
}

function sizeOf(headers: Controller['rawHeaders']): number {
  // of each line: colon, space, line break
  return Array.isArray(headers) ? headers.reduce((sum, part) => sum + part.length + 2, 0) : 0
}
