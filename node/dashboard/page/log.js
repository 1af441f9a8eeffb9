import { get } from './ask.js'
import { byId, el } from './element.js'

const LINES = 80
const LEVELS = { 30: 'info', 40: 'warning', 50: 'error', 60: 'fatal' }
/** Said in columns of their own, or of no use here. */
const KNOWN = new Set(['level', 'time', 'pid', 'msg'])

/** The end of the log. */
export function startLog() {
  let last = ''
  return {
    view: 'settings',
    everyMs: 5_000,
    async look() {
      const entries = await get(`/api/log?lines=${LINES}`)
      const key = JSON.stringify([entries.length, entries.at(-1)])
      if (key === last) return
      last = key
      const box = byId('log')
      const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 20
      box.replaceChildren(
        entries.length === 0
          ? el('p', { class: 'empty' }, 'Nothing yet.')
          : el('ol', {}, ...entries.map(drawEntry)),
      )
      if (isAtEnd) box.scrollTop = box.scrollHeight
    },
  }
}

function drawEntry(entry) {
  const level = LEVELS[entry.level] ?? 'info'
  const fields = Object.entries(entry).filter(([name]) => !KNOWN.has(name))
  const time = new Date(entry.time)
  return el(
    'li',
    { 'data-level': level },
    el(
      'time',
      { datetime: String(entry.time), title: String(entry.time) },
      Number.isNaN(time.getTime()) ? '' : time.toLocaleTimeString([], { hour12: false }),
    ),
    level === 'info' ? null : el('strong', {}, level),
    el('span', {}, String(entry.msg ?? '')),
    fields.length === 0
      ? null
      : el(
          'span',
          { class: 'quiet' },
          fields
            .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
            .join(', ')
            .slice(0, 400),
        ),
  )
}
