import { escapeUTF8 } from 'entities'

/** Text of a page that is safe as it is. */
export interface Html {
  readonly html: string
}

type Part = Html | string | number | null | readonly (Html | null)[]

/** A piece of a page: whatever is put into it is text, unless it is such a piece itself. */
export function html(pieces: TemplateStringsArray, ...parts: Part[]): Html {
  return { html: pieces.map((piece, i) => piece + (i < parts.length ? render(parts[i]!) : '')).join('') }
}

function render(part: Part | null): string {
  if (part === null) return ''
  if (typeof part === 'string') return escapeUTF8(part)
  if (typeof part === 'number') return String(part)
  return 'html' in part ? part.html : part.map((one) => render(one)).join('')
}
