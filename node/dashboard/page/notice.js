import { byId, el } from './element.js'

/** Tell what is to be done, above everything else; without anything to tell, take it away. */
export function notice(...children) {
  const box = byId('notice')
  box.hidden = children.length === 0
  const dismiss = el('button', { type: 'button', class: 'plain', onclick: () => notice() }, 'Dismiss')
  box.replaceChildren(...(box.hidden ? [] : [el('p', {}, ...children), dismiss]))
}
