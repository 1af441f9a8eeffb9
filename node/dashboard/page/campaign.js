import { get } from './ask.js'
import { byId, el, say, svg } from './element.js'
import { formatCount, formatDuration, formatPercent, formatThings } from './numbers.js'

/** By letter of the map: what it is called, what counts it, and its shape, so that nobody has to tell colours apart. */
const STATES = {
  v: { name: 'verified', count: 'verified', path: (x, y, s) => square(x, y, s, 0.92) },
  d: { name: 'done', count: 'done', path: (x, y, s) => square(x, y, s, 0.6) },
  o: { name: 'at work here', count: 'own', path: (x, y, s) => square(x, y, s, 0.92) },
  h: { name: 'held by others', count: 'held', path: (x, y, s) => ring(x, y, s) },
  '.': { name: 'free', count: 'free', path: (x, y, s) => square(x, y, s, 0.3) },
  x: { name: 'disputed or refused', count: 'refused', path: (x, y, s) => cross(x, y, s) },
}
const ORDER = ['v', 'd', 'o', 'h', '.', 'x']
/** Pixels: the size of a cell, and the map's height where there are few. */
const CELL = { least: 7, most: 44 }
const HEIGHT = 190
const CELLS = 1_000

/** The map of a campaign's segments; what a cell is stands below it, for pointers and arrow keys alike. */
export function startCampaign() {
  const box = byId('map')
  const choice = byId('campaign')
  const legend = makeLegend()
  let campaigns = []
  let map = null
  let at = null
  let columns = 1
  let size = CELL.least
  let marker = null

  choice.addEventListener('change', () => void look())
  new ResizeObserver(() => draw()).observe(box)

  async function look() {
    const campaign = choice.value || campaigns[0]?.campaign
    if (!campaign) return
    map = await get(`/api/map?campaign=${campaign}&cells=${CELLS}`)
    draw()
  }

  function draw() {
    if (map === null || box.clientWidth === 0) return
    const { cells, segments, perCell, counts } = map
    const width = box.clientWidth
    size = Math.max(
      CELL.least,
      Math.min(CELL.most, Math.floor(Math.sqrt((width * HEIGHT) / Math.max(1, cells.length)))),
    )
    columns = Math.max(1, Math.floor(width / size))
    const rows = Math.ceil(cells.length / columns)
    const paths = new Map(ORDER.map((letter) => [letter, '']))
    for (const [i, letter] of [...cells].entries()) {
      const [x, y] = placeOf(i)
      paths.set(letter, paths.get(letter) + STATES[letter].path(x, y, size))
    }
    marker = svg('rect', { class: 'marker', width: size, height: size, rx: 3, visibility: 'hidden' })
    const drawing = svg(
      'svg',
      {
        width: Math.min(cells.length, columns) * size,
        height: rows * size,
        class: 'map',
        'aria-hidden': 'true',
      },
      ...[...paths]
        .filter(([, d]) => d !== '')
        .map(([letter, d]) => svg('path', { d, 'data-state': STATES[letter].count })),
      marker,
    )
    const old = box.firstElementChild
    if (old === null) box.append(makeCursor(drawing))
    else old.firstElementChild.replaceWith(drawing)
    const slider = box.firstElementChild
    slider.setAttribute('aria-valuemax', String(Math.max(0, cells.length - 1)))
    for (const letter of ORDER) legend(letter, counts[STATES[letter].count])
    const share = segments === 0 ? 0 : (counts.done + counts.verified + counts.refused) / segments
    const { secondsLeft = null } = campaigns.find(({ campaign }) => campaign === map.campaign) ?? {}
    const left = secondsLeft === null || secondsLeft < 1 ? '' : `, some ${formatDuration(secondsLeft)} left`
    say(byId('map-said'), `${formatThings(segments, 'segment')}, ${formatPercent(share)} done${left}`)
    if (at === null)
      say(
        byId('map-read'),
        perCell > 1 ? `Each mark stands for ${formatCount(perCell)} segments.` : 'Each mark is a segment.',
      )
    else point(Math.min(at, cells.length - 1))
  }

  function placeOf(i) {
    return [(i % columns) * size, Math.floor(i / columns) * size]
  }

  function makeCursor(drawing) {
    const cursor = el(
      'div',
      {
        class: 'cursor',
        role: 'slider',
        tabindex: '0',
        'aria-label': 'Segments of the campaign',
        'aria-valuemin': '0',
        'aria-valuenow': '0',
        'aria-valuetext': 'Arrow keys go through the segments',
      },
      drawing,
    )
    cursor.addEventListener('keydown', (event) => {
      const by = {
        ArrowRight: 1,
        ArrowLeft: -1,
        ArrowDown: columns,
        ArrowUp: -columns,
        PageDown: 10 * columns,
        PageUp: -10 * columns,
      }[event.key]
      const last = map.cells.length - 1
      const to =
        event.key === 'Home'
          ? 0
          : event.key === 'End'
            ? last
            : by === undefined
              ? null
              : at === null
                ? 0
                : at + by
      if (to === null) return
      event.preventDefault()
      point(Math.max(0, Math.min(last, to)))
    })
    cursor.addEventListener('pointermove', ({ offsetX, offsetY, target }) => {
      const { left, top } = cursor.getBoundingClientRect()
      const inner = target.getBoundingClientRect?.() ?? { left, top }
      const x = target === cursor ? offsetX : offsetX + (target.ownerSVGElement ? 0 : inner.left - left)
      const y = target === cursor ? offsetY : offsetY + (target.ownerSVGElement ? 0 : inner.top - top)
      const i = Math.floor(y / size) * columns + Math.floor(x / size)
      if (x < columns * size && i >= 0 && i < map.cells.length) point(i)
    })
    for (const name of ['pointerleave', 'blur'])
      cursor.addEventListener(name, () => {
        at = null
        draw()
      })
    return cursor
  }

  function point(i) {
    at = i
    const { cells, perCell, segments } = map
    const from = i * perCell
    const to = Math.min(segments, from + perCell) - 1
    const { name } = STATES[cells[i]]
    const said =
      from === to
        ? `Segment ${formatCount(from)}: ${name}`
        : `Segments ${formatCount(from)} to ${formatCount(to)}: most are ${name}`
    say(byId('map-read'), said)
    const [x, y] = placeOf(i)
    marker.setAttribute('x', x)
    marker.setAttribute('y', y)
    marker.setAttribute('visibility', 'visible')
    const slider = box.firstElementChild
    slider.setAttribute('aria-valuenow', String(i))
    slider.setAttribute('aria-valuetext', said)
  }

  return {
    view: 'now',
    everyMs: 3_000,
    look,
    pulse({ status }) {
      const isFirst = campaigns.length === 0 && status.campaigns.length > 0
      const same =
        campaigns.map(({ campaign }) => campaign).join() ===
        status.campaigns.map(({ campaign }) => campaign).join()
      campaigns = status.campaigns
      if (!same) {
        const before = choice.value
        choice.replaceChildren(
          ...campaigns.map(({ campaign, name }) =>
            el('option', { value: campaign, selected: campaign === before }, name),
          ),
        )
        choice.hidden = campaigns.length < 2
        say(byId('map-title'), campaigns.length === 1 ? campaigns[0].name : 'Campaign')
      }
      if (campaigns.length === 0) {
        map = null
        say(byId('map-said'), 'None yet.')
      }
      if (isFirst || !same) void look().catch(() => {})
    },
  }
}

function makeLegend() {
  const values = new Map()
  for (const letter of ORDER) {
    const { name, count, path } = STATES[letter]
    const value = el('span', { class: 'number' }, '0')
    const sign = svg(
      'svg',
      { width: 16, height: 16, class: 'map', 'aria-hidden': 'true' },
      svg('path', { d: path(0, 0, 16), 'data-state': count }),
    )
    const item = el('li', {}, sign, value, el('span', { class: 'quiet' }, name))
    byId('legend').append(item)
    values.set(letter, value)
  }
  return (letter, count) => say(values.get(letter), formatCount(count))
}

/** @param {number} share of the cell's side */
function square(x, y, s, share) {
  const side = Math.max(1.5, s * share - (s > 10 ? 1 : 0))
  const r = Math.min(4, side / 3.5)
  const left = x + (s - side) / 2
  const top = y + (s - side) / 2
  const flat = side - 2 * r
  return `M${left + r} ${top}h${flat}a${r} ${r} 0 0 1 ${r} ${r}v${flat}a${r} ${r} 0 0 1 ${-r} ${r}h${-flat}a${r} ${r} 0 0 1 ${-r} ${-r}v${-flat}a${r} ${r} 0 0 1 ${r} ${-r}z`
}

/** Two squares, one the hole of the other: paths are filled by the even-odd rule. */
function ring(x, y, s) {
  return square(x, y, s, 0.8) + square(x, y, s, 0.5)
}

function cross(x, y, s) {
  const a = s * 0.2
  const b = s * 0.8
  const w = s * 0.16
  const m = s / 2
  const at = (u, v) => `${x + u} ${y + v}`
  return `M${at(a, a + w)}L${at(a + w, a)}L${at(m, m - w)}L${at(b - w, a)}L${at(b, a + w)}L${at(m + w, m)}L${at(b, b - w)}L${at(b - w, b)}L${at(m, m + w)}L${at(a + w, b)}L${at(a, b - w)}L${at(m - w, m)}z`
}
