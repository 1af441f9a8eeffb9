import { get } from './ask.js'

/** Milliseconds until a node that does not answer is tried again. */
const AGAIN_MS = 3_000
/** Milliseconds without a pulse, of which one comes each second, after which the connection counts as lost. */
const SILENCE_MS = 12_000

/**
 * Listen to the node, and again whenever it went away.
 *
 * @param {{ onPulse: (pulse: any) => void, onLost: (how: 'lost' | 'ended', why: string | null) => void }} hearers
 */
export function listen({ onPulse, onLost }) {
  let source = null
  let heardAt = performance.now()
  let isEnded = false
  let again = null

  function tryAgain() {
    source.close()
    clearTimeout(again)
    again = setTimeout(open, AGAIN_MS)
  }

  function open() {
    heardAt = performance.now()
    source = new EventSource('/events')
    source.addEventListener('pulse', ({ data }) => {
      heardAt = performance.now()
      isEnded = false
      onPulse(JSON.parse(data))
    })
    source.addEventListener('ended', () => {
      isEnded = true
      onLost('ended', null)
      tryAgain()
    })
    source.addEventListener('error', async ({ target }) => {
      // else the browser tries again by itself
      const isRefused = target.readyState === EventSource.CLOSED
      if (isRefused) tryAgain()
      const why = isRefused ? await findReason() : null
      onLost(isEnded ? 'ended' : 'lost', why)
    })
  }

  setInterval(() => {
    if (document.hidden || source.readyState !== EventSource.OPEN) return
    if (performance.now() - heardAt < SILENCE_MS) return
    onLost('lost', null)
    tryAgain()
  }, 1_000)
  open()
}

/** What the node says when it refuses to be listened to: too many windows. */
async function findReason() {
  try {
    await get('/events', { waitMs: 1_000 })
  } catch (error) {
    if (error.code === 'dashboard_full') return error.message
  }
  return null
}
