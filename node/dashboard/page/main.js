import { post, takeToken } from './ask.js'
import { startAtWork } from './at-work.js'
import { startCampaign } from './campaign.js'
import { byId, el, say } from './element.js'
import { startHistory } from './history.js'
import { startLeaders } from './leaders.js'
import { startLimits } from './limits.js'
import { listen } from './listen.js'
import { startLog } from './log.js'
import { startMachine } from './machine.js'
import { startNetwork } from './network.js'
import { startNode } from './node.js'
import { notice } from './notice.js'
import { startNow } from './now.js'
import { startSamples } from './samples.js'
import { startSearch } from './search.js'

/**
 * A part of the page. `pulse` is called once a second with the node's, `look` each `everyMs`, both while its view is seen.
 *
 * @typedef {{ view: string, pulse?: (pulse: any) => void, look?: () => Promise<void>, everyMs?: number }} Panel
 */

const VIEWS = ['now', 'pairs', 'network', 'search', 'settings']
const STATES = {
  ...{ working: 'Working', resting: 'Resting', paused: 'Paused', draining: 'Ending soon', full: 'Disk full' },
  ...{ idle: 'Waiting', lost: 'No answer', ended: 'Stopped' },
}
/** Those that the owner may end, or begin. */
const PAUSABLE = ['working', 'idle', 'resting', 'full', 'paused']

takeToken()
/** @type {Panel[]} */
const panels = [
  ...[startNow(), startAtWork(), startMachine(), startCampaign(), startHistory(), startSamples()],
  ...[
    startNetwork(),
    startLeaders(),
    startSearch(),
    startLimits({ onRefused: tellKey }),
    startNode(),
    startLog(),
  ],
]
/** @type {Map<Panel, number>} */
const lookedAt = new Map()
let view = ''
let pulse = null
let link = 'waiting'

function showView() {
  const asked = location.hash.slice(1)
  if (asked === 'main' && view !== '') return
  const wanted = VIEWS.includes(asked) ? asked : 'now'
  if (wanted === view) return
  const isFirst = view === ''
  view = wanted
  for (const name of VIEWS) byId(`view-${name}`).hidden = name !== view
  for (const a of document.querySelectorAll('nav a'))
    if (a.hash === `#${view}`) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
  if (!isFirst) {
    scrollTo(0, 0)
    byId('main').focus({ preventScroll: true })
  }
  drawPulse()
  look()
}

/** Ask anew for whatever is seen and due. */
function look() {
  if (document.hidden || link !== 'live') return
  const now = performance.now()
  for (const panel of panels) {
    if (panel.view !== view || panel.look === undefined) continue
    if (now - (lookedAt.get(panel) ?? Number.NEGATIVE_INFINITY) < panel.everyMs) continue
    lookedAt.set(panel, now)
    // what is lost is told by the events; what is refused comes again in its time
    panel.look().catch(() => {})
  }
}

function drawPulse() {
  if (pulse === null || link !== 'live') return
  for (const panel of panels) if (panel.view === view) panel.pulse?.(pulse)
  const { state, work, audits } = pulse.status
  showState(state === 'working' && work.length === 0 && audits.current === null ? 'idle' : state)
}

function showState(state) {
  const badge = byId('state')
  const button = byId('pause')
  if (badge.dataset.state === state) return
  if (badge.dataset.state !== 'waiting') say(byId('told'), `The node: ${STATES[state]}`)
  badge.dataset.state = state
  say(badge, STATES[state])
  button.hidden = !PAUSABLE.includes(state)
  say(button, state === 'paused' ? 'Resume' : 'Pause')
  document.title = `${STATES[state]} – Shoal`
}

/** Told when the page may look on but change nothing. */
function tellKey() {
  notice(
    'This page may look on, but change nothing: it lacks the key of this start of the node. Run ',
    el('code', {}, 'shoal dashboard'),
    ' and open the address that it prints.',
  )
}

const EXPLAINED = {
  ended: [
    ...[el('strong', {}, 'The node has stopped.'), ' What was at work goes on where it was. Start it with '],
    ...[el('code', {}, 'shoal start'), ', and this page comes back by itself.'],
  ],
  lost: [
    ...[
      el('strong', {}, 'The node does not answer.'),
      ' It is tried again every few seconds. If it does not run, ',
    ],
    ...[
      el('code', {}, 'shoal start'),
      ' starts it; if it moved, ',
      el('code', {}, 'shoal dashboard'),
      ' tells where it is.',
    ],
  ],
}

listen({
  onPulse(now) {
    pulse = now
    if (link !== 'live') {
      link = 'live'
      notice()
      lookedAt.clear()
      look()
    }
    drawPulse()
  },
  onLost(how, why) {
    if (link === how) return
    link = how
    showState(how)
    notice(...(why === null ? EXPLAINED[how] : [why]))
  },
})

byId('pause').addEventListener('click', async () => {
  const button = byId('pause')
  button.disabled = true
  try {
    await post(byId('state').dataset.state === 'paused' ? '/api/resume' : '/api/pause')
    notice()
  } catch (error) {
    if (error.status === 401) tellKey()
    else notice(`That could not be done: ${error.message}`)
  } finally {
    button.disabled = false
  }
})

addEventListener('hashchange', () => {
  if (takeToken()) notice()
  showView()
})
document.addEventListener('visibilitychange', look)
setInterval(look, 1_000)
showView()
