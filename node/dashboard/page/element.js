/**
 * Make an element. Whatever is a string among its children becomes text, never markup: most of it is strangers'.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [props] attributes; functions as `onclick` listen; what is null or false is left out
 * @param {(Node | string | null)[]} children
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children)
}

/** The same of SVG. */
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children)
}

/** @param {string} id */
export function byId(id) {
  return document.getElementById(id)
}

/** Set a text only where it is another: what is read aloud or selected is left alone. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name.slice(2), value)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  element.append(...children.filter((child) => child !== null && child !== undefined))
  return element
}

/**
 * @param {string} caption
 * @param {{ label: string, class?: string }[]} columns
 * @param {(Node | string | null)[][]} rows the first cell of each names it
 */
export function table(caption, columns, rows) {
  const cell = (tag, i, props, child) => el(tag, { ...props, class: columns[i].class }, child ?? '–')
  const head = columns.map(({ label }, i) => cell('th', i, { scope: 'col' }, label))
  const body = rows.map((cells) =>
    el(
      'tr',
      {},
      ...cells.map((child, i) =>
        i === 0 ? cell('th', i, { scope: 'row' }, child) : cell('td', i, {}, child),
      ),
    ),
  )
  const whole = el(
    'table',
    {},
    el('caption', { class: 'unseen' }, caption),
    el('thead', {}, el('tr', {}, ...head)),
    el('tbody', {}, ...body),
  )
  return el('div', { class: 'scroll' }, whole)
}
