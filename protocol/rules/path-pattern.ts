/**
 * Percent-encoded letters, digits, `-._~` are compared as what they stand for, and all that is not ASCII as the octets
 * of its UTF-8, percent-encoded (RFC 9309, 2.2.2).
 */
export function sameSpelling(path: string): string {
  return path
    .replace(/[\u0080-\uffff]+/g, (text) => encodeURIComponent(text.toWellFormed()))
    .replace(/%[0-9a-f]{2}/gi, (code) => {
      const char = String.fromCharCode(Number.parseInt(code.slice(1), 16))
      return /[a-z0-9._~-]/i.test(char) ? char : code.toUpperCase()
    })
}

/**
 * Whether a path begins as a pattern of robots.txt says: `*` stands for anything, `$` at the end for the path's end
 * (RFC 9309, 2.2.3). Time grows with the product of the lengths at worst.
 *
 * @param pattern - as `sameSpelling` gives it
 * @param path - with its query, as `sameSpelling` gives it
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const isAnchored = pattern.endsWith('$')
  const [head = '', ...rest] = (isAnchored ? pattern.slice(0, -1) : pattern).split('*')
  if (!path.startsWith(head)) return false
  let at = head.length
  const last = isAnchored ? rest.pop() : undefined
  for (const part of rest) {
    const found = path.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  if (!isAnchored) return true
  // the first part is the last one where there is no star
  return last === undefined ? at === path.length : path.length - last.length >= at && path.endsWith(last)
}
