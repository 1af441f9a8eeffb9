import { get } from './ask.js'
import { byId, el, say } from './element.js'
import { formatCount, hostOf } from './numbers.js'

/** Cosines that a score's line shows. */
const SCALE = { from: -0.1, to: 0.6 }
const DROPPED = {
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
  /** @type {Map<string, HTMLElement>} */
  const cards = new Map()
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
    const ids = new Set(shown.map(({ id }) => id))
    for (const [id, card] of cards)
      if (!ids.has(id)) {
        // not while somebody looks at it with the keyboard, unless it may be shown no more
        if (card.contains(document.activeElement)) byId('main').focus({ preventScroll: true })
        card.remove()
        cards.delete(id)
      }
    const list = byId('samples')
    for (const [i, sample] of shown.entries()) {
      let card = cards.get(sample.id)
      if (card === undefined) {
        card = makeCard(sample)
        cards.set(sample.id, card)
      }
      // what stays is not moved: a picture that is moved loses the focus
      if (list.children[i] !== card) list.insertBefore(card, list.children[i] ?? null)
    }
    const none = byId('no-samples')
    none.hidden = shown.length > 0
    say(
      none,
      samples.length === 0
        ? 'Nothing yet: pairs come here while a segment is at work.'
        : 'None of these just now.',
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

function makeCard({ id, segment, url, pageUrl, text, outcome, similarity, threshold, hasPicture }) {
  const isKept = outcome === 'kept'
  return el(
    'li',
    { class: 'sample', 'data-outcome': isKept ? 'kept' : 'dropped' },
    hasPicture ? makePicture(id, text) : el('div', { class: 'picture none', 'aria-hidden': 'true' }),
    el(
      'div',
      { class: 'told' },
      el('p', { class: 'text', dir: 'auto' }, text),
      el(
        'p',
        { class: 'outcome' },
        el(
          'span',
          { class: `chip ${isKept ? 'good' : 'dim'}` },
          isKept ? 'Kept' : (DROPPED[outcome] ?? outcome),
        ),
      ),
      similarity === null ? null : makeScore(similarity, threshold),
      el(
        'p',
        { class: 'from quiet', title: `${url}\non ${pageUrl}` },
        hostOf(url),
        el('span', {}, ` · segment ${formatCount(segment)}`),
      ),
    ),
  )
}

/** Blurred until it is wanted, and blurred again. */
function makePicture(id, text) {
  const name = () =>
    `${button.getAttribute('aria-pressed') === 'true' ? 'Blur' : 'Show'} the picture: ${text.slice(0, 80)}`
  const button = el(
    'button',
    { type: 'button', class: 'picture', 'aria-pressed': 'false' },
    el('img', { src: `/api/samples/${id}.jpg`, alt: '', loading: 'lazy', width: 224, height: 224 }),
  )
  button.setAttribute('aria-label', name())
  button.addEventListener('click', () => {
    button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'))
    button.setAttribute('aria-label', name())
  })
  button.firstElementChild.addEventListener('error', () => button.classList.add('none'))
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
    el('span', { class: 'quiet' }, ` of ${threshold.toFixed(2)}`),
  )
}
