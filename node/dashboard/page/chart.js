import { svg } from './element.js'

/**
 * @typedef {{ name: string, of: (point: any) => number }} Series
 * @typedef {{ title: string, format: (value: number) => string, series: Series[], most?: number }} Chart
 */

const HEIGHT = 92
const TOP = 13
/** Below the base line, for times. */
const FOOT = 15

/**
 * Draw points over time, the first series as an area, the others as lines. Where a step has none, so has the chart.
 *
 * @param {HTMLElement} box
 * @param {Chart} chart
 * @param {{ points: any[], from: number, to: number, stepMs: number, first: string }} past milliseconds since 1970;
 *   `first`: the time at the left
 * @returns {(share: number | null) => any} marks the point nearest to a share of the width, and returns it
 */
export function drawChart(box, { title, format, series, most }, { points, from, to, stepMs, first }) {
  const width = Math.max(50, Math.floor(box.clientWidth))
  const seen = points.filter(({ at }) => at >= from && at <= to)
  const values = seen.flatMap((point) => series.map(({ of }) => of(point)))
  const highest = Math.max(...values, 0)
  const top = most ?? (roundUp(highest) || 1)
  const x = (at) => ((at - from) / Math.max(1, to - from)) * width
  const y = (value) => TOP + (1 - Math.min(1, value / top)) * (HEIGHT - TOP - 1)
  const runs = splitRuns(seen, stepMs)
  const line = (of) => runs.map((run) => drawLine(run.map((point) => [x(point.at), y(of(point))]))).join('')
  const area = runs.map((run) => {
    const left = x(run[0].at)
    const last = x(run.at(-1).at)
    return `${drawLine(run.map((point) => [x(point.at), y(series[0].of(point))]))}L${last + 1} ${HEIGHT}L${left} ${HEIGHT}z`
  })
  const cursor = svg('line', { class: 'at', y1: 0, y2: HEIGHT, visibility: 'hidden' })
  const latest = seen.at(-1)
  const said =
    latest === undefined
      ? `${title}: nothing yet`
      : `${title}: ${series.map(({ name, of }) => `${format(of(latest))}${series.length > 1 ? ` ${name}` : ''}`).join(', ')} now, ${format(highest)} at most`
  box.replaceChildren(
    svg(
      'svg',
      {
        viewBox: `0 0 ${width} ${HEIGHT + FOOT}`,
        width,
        height: HEIGHT + FOOT,
        role: 'img',
        'aria-label': said,
      },
      svg('line', { class: 'rule', x1: 0, x2: width, y1: TOP, y2: TOP }),
      svg('line', {
        class: 'rule',
        x1: 0,
        x2: width,
        y1: (TOP + HEIGHT - 1) / 2,
        y2: (TOP + HEIGHT - 1) / 2,
      }),
      svg('line', { class: 'rule base', x1: 0, x2: width, y1: HEIGHT - 0.5, y2: HEIGHT - 0.5 }),
      svg('path', { class: 'area', d: area.join('') }),
      ...series.map(({ of }, i) => svg('path', { class: `line series-${i}`, d: line(of) })),
      svg('text', { x: width, y: TOP - 3, class: 'scale end' }, format(top)),
      svg('text', { x: 0, y: HEIGHT + FOOT - 3, class: 'scale' }, first),
      svg('text', { x: width, y: HEIGHT + FOOT - 3, class: 'scale end' }, 'now'),
      cursor,
    ),
  )
  return (share) => {
    const wanted = from + (share ?? 0) * (to - from)
    const near =
      share === null
        ? undefined
        : seen.reduce(
            (best, point) =>
              best === undefined || Math.abs(point.at - wanted) < Math.abs(best.at - wanted) ? point : best,
            undefined,
          )
    cursor.setAttribute('visibility', near === undefined ? 'hidden' : 'visible')
    if (near === undefined) return null
    cursor.setAttribute('x1', x(near.at))
    cursor.setAttribute('x2', x(near.at))
    return near
  }
}

/** Points that follow each other. */
function splitRuns(points, stepMs) {
  const runs = []
  for (const point of points) {
    const run = runs.at(-1)
    if (run !== undefined && point.at - run.at(-1).at <= 1.5 * stepMs) run.push(point)
    else runs.push([point])
  }
  return runs
}

function drawLine(places) {
  const [first, ...others] = places
  // a single point is seen as well
  const rest = others.length === 0 ? [[first[0] + 1, first[1]]] : others
  return `M${first.map(round).join(' ')}${rest.map((place) => `L${place.map(round).join(' ')}`).join('')}`
}

function round(number) {
  return Math.round(number * 10) / 10
}

/** To 1, 2 or 5 times a power of ten. */
function roundUp(value) {
  if (!(value > 0)) return 0
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 1.5, 2, 3, 4, 5, 7.5, 10].find((step) => step * power >= value * 0.999) * power
}
