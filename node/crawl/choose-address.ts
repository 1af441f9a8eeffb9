import { MAX_SRCSET_CHARS } from './limits.ts'

/** Where scripts find the picture that a placeholder in `src` stands for, most common first. */
const LAZY = ['data-src', 'data-original', 'data-lazy-src', 'data-lazy']
const SRCSETS = ['data-srcset', 'data-lazy-srcset', 'srcset']
const PLACEHOLDER =
  /(?:^|[/_.-])(?:blank|clear|empty|grey|gray|lazy|loader|loading|pixel|placeholder|spacer|transparent|trans|1x1)[^/]*$/i

/** The attributes of an `<img>` that `chooseAddress` reads. */
export const ADDRESS_ATTRIBUTES: readonly string[] = ['src', ...LAZY, ...SRCSETS]

/**
 * The address of an `<img>`'s picture as written: `src`, which every tool and Common Crawl's WAT go by, unless it is
 * missing, inline or named like a placeholder and another attribute knows better: first the lazy-loading ones,
 * then the largest picture of a `srcset`.
 *
 * @returns null where the element names none
 */
export function chooseAddress(attributes: ReadonlyMap<string, string>): string | null {
  const src = attributes.get('src')?.trim() ?? ''
  if (src !== '' && !isPlaceholder(src)) return src
  for (const name of LAZY) {
    const value = attributes.get(name)?.trim() ?? ''
    if (value !== '' && !isInline(value)) return value
  }
  for (const name of SRCSETS) {
    const value = largestOf(attributes.get(name) ?? '')
    if (value !== null && !isInline(value)) return value
  }
  return src === '' ? null : src
}

function isInline(address: string): boolean {
  return /^(?:data|about|javascript|blob):/i.test(address)
}

function isPlaceholder(address: string): boolean {
  return isInline(address) || PLACEHOLDER.test(address.slice(-256).replace(/[?#].*$/, ''))
}

/**
 * The picture of a `srcset` with the greatest width or density; the first of equals.
 * Splits as the HTML standard does: an address runs to white space, so it may hold commas, but not end in one.
 */
export function largestOf(srcset: string): string | null {
  let best: string | null = null
  let bestSize = 0
  const tokens = srcset.slice(0, MAX_SRCSET_CHARS).match(/[^\s]+/g) ?? []
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as string
    const address = token.replace(/^,+/, '')
    if (address === '') continue
    let size = 1
    if (!address.endsWith(',')) {
      // descriptors run to the next comma, which the following address may touch: `a.jpg 1x,b.jpg 2x`
      const descriptor = tokens[i + 1] ?? ''
      const comma = descriptor.indexOf(',')
      const text = comma === -1 ? descriptor : descriptor.slice(0, comma)
      if (/^\d*\.?\d+[wxh]$/.test(text)) {
        size = Number.parseFloat(text)
        if (comma === -1 || comma === descriptor.length - 1) i++
        else tokens[i + 1] = descriptor.slice(comma + 1)
      }
    }
    if (size > bestSize) {
      bestSize = size
      best = address.replace(/,+$/, '')
    }
  }
  return best
}
