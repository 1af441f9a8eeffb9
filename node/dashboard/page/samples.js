import { get } from './ask.js'
import { byId, el, say } from './element.js'
import { formatCount, hostOf } from './numbers.js'

/** Cosines that a score's line shows. */
const SCALE = { from: -0.1, to: 0.6 }
/** Why a pair was dropped. */
const REASONS = {
  similarity: 'Too little alike',
  fetch_dns: 'No such host',
  fetch_connect: 'No connection',
  fetch_tls: 'Certificate not valid',
  fetch_timeout: 'Took too long',
  fetch_redirects: 'Too many redirects',
  http_status: 'Not to be had',
  image_bytes: 'File too large',
  image_small: 'File too small',
  image_format: 'Not a picture we take',
  image_pixels: 'Too many pixels',
  image_broken: 'Picture broken',
  image_side: 'Picture too small',
  image_aspect: 'Picture too long',
}

/** Pairs that passed lately, with their scores. */
export function startSamples() {
  const scored = keepCards(byId('samples'), makeCard)
  const unscored = keepCards(byId('unscored'), makeLine)
  let samples = []
  let which = 'all'

  byId('which').addEventListener('change', ({ target }) => {
    which = target.value
    draw()
  })

  function draw() {
    const shown = samples.filter(
      ({ outcome }) => which === 'all' || (outcome === 'kept') === (which === 'kept'),
    )
    scored(shown.filter(({ similarity }) => similarity !== null))
    const others = shown.filter(({ similarity }) => similarity === null)
    unscored(others)
    byId('unscored-card').hidden = others.length === 0
    const none = byId('no-samples')
    none.hidden = shown.length > 0
    say(
      none,
      samples.length === 0 ? 'Nothing yet: pairs come here while a segment is at work.' : 'None just now.',
    )
  }

  return {
    view: 'pairs',
    everyMs: 4_000,
    async look() {
      samples = await get('/api/samples')
      draw()
    },
  }
}

/** Show samples in a list; each has its card for as long as it is there, and what stays is not moved. */
function keepCards(list, make) {
  /** @type {Map<string, HTMLElement>} */
  const cards = new Map()
  return (shown) => {
    const ids = new Set(shown.map(({ id }) => id))
    for (const [id, card] of cards) {
      if (ids.has(id)) continue
      if (card.contains(document.activeElement)) byId('main').focus({ preventScroll: true })
      card.remove()
      cards.delete(id)
    }
    for (const [i, sample] of shown.entries()) {
      const card = cards.get(sample.id) ?? make(sample)
      cards.set(sample.id, card)
      // what is moved loses the focus
      if (list.children[i] !== card) list.insertBefore(card, list.children[i] ?? null)
    }
  }
}

function makeCard({ id, segment, url, pageUrl, text, outcome, similarity, threshold, hasPicture }) {
  const isKept = outcome === 'kept'
  return el(
    'li',
    { class: 'sample', 'data-outcome': isKept ? 'kept' : 'dropped' },
    hasPicture ? makePicture(id, text) : el('div', { class: 'picture none' }),
    el(
      'div',
      { class: 'told' },
      el('p', { class: 'text', dir: 'auto', title: text }, text),
      el(
        'p',
        {},
        el('span', { class: `chip ${isKept ? 'good' : 'dim'}` }, isKept ? 'Kept' : REASONS[outcome]),
      ),
      makeScore(similarity, threshold),
      el(
        'p',
        { class: 'from quiet', title: `${url}\non ${pageUrl}` },
        `${hostOf(url)} · segment ${formatCount(segment)}`,
      ),
    ),
  )
}

function makeLine({ segment, url, pageUrl, text, outcome }) {
  return el(
    'li',
    {},
    el('span', { class: 'text', dir: 'auto' }, text),
    el('span', { class: 'chip dim' }, REASONS[outcome] ?? outcome),
    el(
      'span',
      { class: 'from quiet', title: `${url}\non ${pageUrl}` },
      `${hostOf(url)} · segment ${formatCount(segment)}`,
    ),
  )
}

/** Blurred until it is wanted, and blurred again. */
function makePicture(id, text) {
  const picture = el('img', {
    src: `/api/samples/${id}.jpg`,
    alt: '',
    loading: 'lazy',
    width: 224,
    height: 224,
  })
  const label = `Show the picture: ${text.slice(0, 80)}`
  const button = el(
    'button',
    { type: 'button', class: 'picture', 'aria-pressed': 'false', 'aria-label': label },
    picture,
  )
  button.addEventListener('click', () =>
    button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true')),
  )
  // it may be shown no more
  picture.addEventListener('error', () => button.replaceWith(el('div', { class: 'picture none' })))
  return button
}

function makeScore(similarity, threshold) {
  const place = (value) =>
    `${(100 * (Math.max(SCALE.from, Math.min(SCALE.to, value)) - SCALE.from)) / (SCALE.to - SCALE.from)}%`
  const fill = el('span', { class: 'fill' })
  fill.style.width = place(similarity)
  const tick = el('span', { class: 'tick' })
  tick.style.left = place(threshold)
  return el(
    'p',
    { class: 'score' },
    el('span', { class: 'track', 'aria-hidden': 'true' }, fill, tick),
    el('span', { class: 'number' }, similarity.toFixed(2)),
    el('span', { class: 'quiet' }, `needs ${threshold.toFixed(2)}`),
  )
}
