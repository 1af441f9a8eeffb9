import { byId, el, say } from './element.js'
import {
  formatCount,
  formatDuration,
  formatPercent,
  formatRate,
  formatThings,
  splitBytes,
} from './numbers.js'

const STAGES = [
  { stage: 'read', label: 'Read', unit: 'B/s' },
  { stage: 'fetch', label: 'Fetch', unit: 'images/s' },
  { stage: 'decode', label: 'Decode', unit: 'images/s' },
  { stage: 'score', label: 'Score', unit: 'pairs/s' },
  { stage: 'kept', label: 'Keep', unit: 'pairs/s' },
]
/** What is less in a second shows as 0. */
const STILL = 0.005

/** What the machine does now: the stages as a flow, and below it whatever is at work. */
export function startNow() {
  const stations = STAGES.map(makeStation)
  byId('flow').append(...stations.map(({ item }) => item))
  return {
    view: 'now',
    pulse({ status, rates }) {
      say(byId('headline'), headline(status))
      say(byId('subline'), subline(status))
      const sums = addUp(status.work)
      for (const station of stations) drawStation(station, rates, sums)
    },
  }
}

function makeStation({ stage, label, unit }) {
  const value = el('span', { class: 'value' }, '0')
  const units = el('span', { class: 'unit' }, unit)
  const bar = el('span', { class: 'fill' })
  const note = el('span', { class: 'note' })
  const track = el('span', { class: 'track', 'aria-hidden': 'true' }, bar)
  const rate = el('span', { class: 'rate' }, value, ' ', units)
  const item = el('li', { 'data-stage': stage }, el('span', { class: 'label' }, label), rate, track, note)
  return { stage, item, value, units, bar, note }
}

function drawStation({ stage, item, value, units, bar, note }, rates, sums) {
  const rate = rates[stage]
  item.classList.toggle('flows', rate > STILL)
  if (stage === 'read') {
    const [amount, unit] = splitBytes(rate)
    say(value, amount)
    say(units, `${unit}/s`)
  } else say(value, formatRate(rate))
  if (stage === 'kept') {
    const share = rates.score > STILL ? Math.min(1, rates.kept / rates.score) : null
    bar.style.width = `${100 * (share ?? 0)}%`
    return say(note, share === null ? 'nothing just now' : `${formatPercent(share)} of those scored`)
  }
  const sum = sums.get(stage)
  bar.style.width = `${sum?.total ? 100 * Math.min(1, sum.done / sum.total) : 0}%`
  if (sum === undefined) return say(note, 'nothing just now')
  const amount = (number) => (stage === 'read' ? splitBytes(number).join(' ') : formatCount(number))
  say(note, sum.total === null ? amount(sum.done) : `${amount(sum.done)} of ${amount(sum.total)}`)
}

/** Of all segments at work; a total is known where all of theirs are. */
function addUp(work) {
  const sums = new Map()
  for (const { stages } of work)
    for (const { stage, done, total } of stages) {
      const sum = sums.get(stage) ?? { done: 0, total: 0 }
      sum.done += done
      sum.total = sum.total === null || total === null ? null : sum.total + total
      sums.set(stage, sum)
    }
  return sums
}

function headline({ state, work, campaigns, audits, limits }) {
  if (state === 'paused') return 'Paused'
  if (state === 'resting') return `Resting until ${String(limits.hours?.from ?? 0).padStart(2, '0')}:00`
  if (state === 'full') return 'The disk that it may use is full'
  if (work.length > 1) return `Working on ${work.length} segments`
  if (work.length === 1) {
    const [{ campaign, segment }] = work
    return `Working on segment ${segment} of ${campaigns.find((one) => one.campaign === campaign)?.name ?? 'a campaign'}`
  }
  if (audits.current) return 'Checking another node’s work'
  if (campaigns.length === 0) return 'It takes part in no campaign yet'
  if (campaigns.some(({ preparing }) => preparing)) return 'Getting a campaign’s model'
  return campaigns.every(({ counts }) => counts && counts.done >= counts.segments)
    ? 'All is done'
    : 'Waiting for work'
}

function subline({ state, produced, seconds, work, campaigns, peers }) {
  if (state === 'paused') return 'What was at work is put down, and goes on where it was when you resume.'
  if (state === 'full')
    return 'Nothing more is begun. Allow it more in the settings, or let go of what you need no more.'
  if (state === 'draining') return 'It finishes what is at work, then ends.'
  if (campaigns.length === 0) return 'Join one: shoal campaign join CID'
  const done = `${formatThings(produced, 'segment')} done since it started ${formatDuration(seconds)} ago`
  const isAlone =
    work.length === 0 &&
    peers === 0 &&
    campaigns.some(({ counts }) => counts && counts.done < counts.segments)
  return `${done}${isAlone ? '; no peer is connected' : ''}.`
}
