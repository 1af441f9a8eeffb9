import { get } from './ask.js'
import { byId, el, say } from './element.js'
import { formatCount, formatThings, hostOf } from './numbers.js'
import { nameState } from './shard-state.js'

/** Milliseconds: the first search brings the index to what is here. */
const WAIT_MS = 300_000
const LIMIT = 20

/** What was found lately on this machine, and where people can see and remove what was collected of them. */
export function startSearch() {
  const form = byId('search-form')
  let gateway
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const by = byId('search-by').value
    const wanted = byId('search-for').value.trim()
    if (wanted === '') return
    const button = form.querySelector('button')
    button.disabled = true
    say(byId('search-said'), 'Searching. The first time, the index is brought to what is here.')
    try {
      const found = await get(`/api/search?${new URLSearchParams({ [by]: wanted, limit: LIMIT })}`, {
        waitMs: WAIT_MS,
      })
      draw(found, wanted)
    } catch (error) {
      byId('hits').replaceChildren()
      say(
        byId('search-said'),
        error.name === 'Refusal' || error.code ? error.message : 'The node did not answer. Try again.',
      )
    } finally {
      button.disabled = false
    }
  })

  function draw({ hits, shards, rows, notes }, wanted) {
    const where = `${formatThings(rows, 'pair')} in ${formatThings(shards, 'shard')}`
    const said =
      hits.length === 0
        ? `Nothing like “${wanted.slice(0, 80)}” in ${where}.`
        : `${formatThings(hits.length, 'pair')} of ${where}, the best first.`
    say(byId('search-said'), [said, ...notes].join(' '))
    byId('hits').replaceChildren(...hits.map(drawHit))
  }

  return {
    view: 'search',
    pulse({ status }) {
      if (status.gateway === gateway) return
      gateway = status.gateway
      byId('people').replaceChildren(
        ...(gateway === null
          ? [
              'This node answers no questions from outside. With ',
              el('code', {}, '--gateway'),
              ' it shows people what was collected, and lets them opt out.',
            ]
          : [
              'Anybody may look up what was collected, and have it removed: ',
              link(`${gateway}/collected`, 'Have I been collected?'),
              ' and ',
              link(`${gateway}/optout`, 'Have something removed'),
              '.',
            ]),
      )
    },
  }
}

function drawHit({ text, url, page, score, similarity, match, segment, uid, state }) {
  return el(
    'li',
    {},
    el('p', { class: 'text', dir: 'auto' }, text),
    el(
      'p',
      { class: 'quiet from' },
      score === null ? (match ?? '') : `likeness ${score.toFixed(2)}`,
      ` · picture and text ${similarity.toFixed(2)} · segment ${formatCount(segment)} · ${nameState(state)[0].toLowerCase()}`,
    ),
    el(
      'details',
      {},
      el('summary', {}, hostOf(url)),
      el('dl', { class: 'facts' }, ...fact('Picture', url), ...fact('Page', page), ...fact('uid', uid)),
    ),
  )
}

/** Addresses are told, not followed: nothing here asks strangers’ servers. */
function fact(name, value) {
  return [el('dt', {}, name), el('dd', {}, el('code', {}, value))]
}

function link(href, text) {
  return el('a', { href, target: '_blank', rel: 'noreferrer' }, text)
}
