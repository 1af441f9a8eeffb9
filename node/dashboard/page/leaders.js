import { get } from './ask.js'
import { byId, el } from './element.js'
import { formatBytes, formatThings, shortPeer } from './numbers.js'

/** Lines of the board. */
const MOST = 25
const NAMELESS = { operator: 'without a name', team: 'in no team' }

/** Who has contributed what, from the ledger alone: nodes, operators, teams. */
export function startLeaders() {
  let by = 'peer'
  let credits = []
  let drawn = ''
  byId('by').addEventListener('change', ({ target }) => {
    by = target.value
    draw()
  })

  function draw() {
    const key = JSON.stringify([by, credits])
    if (key === drawn) return
    drawn = key
    byId('leaders-card').hidden = credits.length === 0
    const leaders = addUp(credits, by).slice(0, MOST)
    const most = Math.max(1, ...leaders.map(({ pairs }) => pairs))
    byId('leaders').replaceChildren(
      el('ol', { class: 'leaders' }, ...leaders.map((leader) => drawLeader(leader, most))),
    )
  }

  return {
    view: 'network',
    everyMs: 10_000,
    async look() {
      credits = await get('/api/credits')
      draw()
    },
  }
}

function drawLeader({ name, isCode, own, segments, pairs, audits, bytesServed }, most) {
  const fill = el('span', { class: 'fill' })
  fill.style.width = `${(100 * pairs) / most}%`
  return el(
    'li',
    { class: own ? 'own' : null },
    el(
      'span',
      { class: 'name', dir: 'auto' },
      isCode ? el('code', {}, name) : name,
      own ? el('span', { class: 'chip own' }, 'you') : null,
    ),
    el(
      'span',
      { class: 'amount' },
      el('strong', {}, formatThings(pairs, 'pair')),
      el('span', { class: 'quiet' }, ` in ${formatThings(segments, 'segment')}`),
    ),
    el('span', { class: 'track', 'aria-hidden': 'true' }, fill),
    el(
      'span',
      { class: 'quiet also' },
      `${formatThings(audits, 'audit')}, ${formatBytes(bytesServed)} given`,
    ),
  )
}

/** The most pairs first; who names none comes as one, last. */
function addUp(credits, by) {
  const groups = new Map()
  for (const credit of credits) {
    const named = credit[by] ?? null
    const group = groups.get(named) ?? {
      ...{ name: named === null ? NAMELESS[by] : by === 'peer' ? shortPeer(named) : named },
      ...{
        isCode: by === 'peer',
        isNameless: named === null,
        own: false,
        segments: 0,
        pairs: 0,
        audits: 0,
        bytesServed: 0,
      },
    }
    group.own ||= credit.own
    for (const what of ['segments', 'pairs', 'audits', 'bytesServed']) group[what] += credit[what]
    groups.set(named, group)
  }
  return [...groups.values()].sort(
    (a, b) => Number(a.isNameless) - Number(b.isNameless) || b.pairs - a.pairs || b.audits - a.audits,
  )
}
