import { get } from './ask.js'
import { drawChart } from './chart.js'
import { byId, el, say, table } from './element.js'
import { formatBytes, formatCount, formatPercent, formatRate } from './numbers.js'

const perSecond = (name) => (point) => point[name] / point.seconds

/** @type {import('./chart.js').Chart[]} */
const CHARTS = [
  {
    title: 'Pairs a second',
    format: formatRate,
    series: [
      { name: 'scored', of: perSecond('scored') },
      { name: 'kept', of: perSecond('kept') },
    ],
  },
  {
    title: 'Images fetched a second',
    format: formatRate,
    series: [{ name: 'fetched', of: perSecond('fetched') }],
  },
  {
    title: 'Archives read',
    format: (value) => `${formatBytes(value)}/s`,
    series: [{ name: 'read', of: perSecond('read') }],
  },
  {
    title: 'Cores used',
    format: (value) => value.toFixed(value < 10 ? 1 : 0),
    series: [{ name: 'cores', of: ({ cpu }) => cpu }],
  },
  {
    title: 'Scoring device busy',
    format: formatPercent,
    most: 1,
    series: [{ name: 'busy', of: ({ busy }) => busy }],
  },
  { title: 'Memory', format: formatBytes, series: [{ name: 'memory', of: ({ memory }) => memory }] },
]
/** Steps shown at most; at least so many that a point is no block. */
const STEPS = { hour: 360, day: 288, month: 372 }
const FEWEST = 30
/** Rows of the table: the last ones. */
const ROWS = 60

/** How the node got on before: small charts with one time line. */
export function startHistory() {
  let span = 'hour'
  let past = null
  const frames = CHARTS.map((chart) => {
    const value = el('span', { class: 'value' })
    const box = el('div', { class: 'plot' })
    byId('charts').append(
      el('figure', {}, el('figcaption', {}, el('span', { class: 'label' }, chart.title), value), box),
    )
    return { chart, value, box, read: null }
  })
  for (const { box } of frames) {
    box.addEventListener('pointermove', ({ clientX }) => {
      const { left, width } = box.getBoundingClientRect()
      readAt((clientX - left) / width)
    })
    box.addEventListener('pointerleave', () => readAt(null))
  }
  new ResizeObserver(draw).observe(byId('charts'))
  byId('span').addEventListener('change', ({ target }) => {
    span = target.value
    past = null
    void look().catch(() => {})
  })
  byId('history-table').addEventListener('toggle', drawTable)

  function readAt(share) {
    let time = null
    for (const frame of frames) {
      const point = frame.read?.(share) ?? null
      time ??= share === null ? null : (point?.at ?? null)
      drawValue(frame, point)
    }
    say(byId('history-read'), time === null ? '' : formatTime(time, 'medium'))
  }

  function formatTime(at, style = 'short') {
    const isClock = span !== 'month'
    return isClock
      ? new Date(at).toLocaleTimeString([], { timeStyle: span === 'hour' ? style : 'short' })
      : new Date(at).toLocaleDateString([], { dateStyle: 'medium' })
  }

  function drawValue({ chart, value }, point) {
    const shown = point ?? past?.points.at(-1)
    value.replaceChildren(
      ...(shown === undefined
        ? ['–']
        : chart.series.flatMap(({ name, of }, i) => [
            i > 0 ? ' ' : '',
            el(
              'span',
              { class: chart.series.length > 1 ? `series-${i}` : null },
              chart.format(of(shown)),
              chart.series.length > 1 ? ` ${name}` : '',
            ),
          ])),
    )
  }

  function draw() {
    if (past === null) return
    const { points, stepSeconds } = past
    const to = Math.floor(Date.now() / 1000 / stepSeconds) * stepSeconds * 1000
    const ofSteps = (steps) => to - (steps - 1) * stepSeconds * 1000
    // a node that is young fills its charts as well
    const from = Math.max(ofSteps(STEPS[past.span]), Math.min(points[0]?.at ?? to, ofSteps(FEWEST)))
    for (const frame of frames) {
      frame.read = drawChart(frame.box, frame.chart, {
        points,
        from,
        to,
        stepMs: stepSeconds * 1000,
        first: formatTime(from),
      })
      drawValue(frame, null)
    }
    drawTable()
  }

  function drawTable() {
    const details = byId('history-table')
    if (!details.open || past === null) return
    details.querySelector('.scroll').replaceChildren(
      table(
        `What the node did, by ${past.stepSeconds} seconds`,
        [
          'Time',
          'Scored',
          'Kept',
          'Fetched',
          'Read',
          'Cores',
          'Busy',
          'Memory',
          'Segments',
          'Audits',
          'Peers',
        ].map((label, i) => ({ label, class: i > 0 ? 'number' : undefined })),
        past.points
          .slice(-ROWS)
          .reverse()
          .map(({ at, scored, kept, fetched, read, cpu, busy, memory, segments, audits, peers }) => [
            new Date(at).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' }),
            ...[scored, kept, fetched].map(formatCount),
            ...[
              formatBytes(read),
              cpu.toFixed(1),
              formatPercent(busy),
              formatBytes(memory),
              formatCount(segments),
              formatCount(audits),
              formatCount(Math.round(peers)),
            ],
          ]),
      ),
    )
  }

  async function look() {
    const asked = span
    const found = await get(`/api/history?span=${asked}`)
    if (asked !== span) return
    past = found
    draw()
  }
  return { view: 'now', everyMs: 10_000, look }
}
