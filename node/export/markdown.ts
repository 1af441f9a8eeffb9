/** Lines of each list: who wants all of them reads the list of shards. */
export const MAX_LINES = 100

/** Any text as Markdown that shows it and does nothing else: one line, no markup, no HTML. */
export function plain(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]#|!~$]/g, '\\$&')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

export function code(text: { toString(): string }): string {
  return `\`${oneLine(text.toString()).replaceAll('`', "'").replaceAll('|', '\\|')}\``
}

/** A YAML scalar: what JSON writes is one, and can be nothing else. */
export function yaml(text: string): string {
  return JSON.stringify(oneLine(text))
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)]
}

/** At most `most` of the lines, and how many there are besides. */
export function lineList(lines: readonly string[], most: number): string[] {
  const shown = lines.slice(0, most).map((line) => `- ${line}`)
  return lines.length > most ? [...shown, `- and ${lines.length - most} more`] : shown
}

export function isoTime(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString().replace(/\.\d+Z$/, 'Z')
}

export function bytesToHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Without controls, and without what turns the direction of the text around it. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ')
}

/** `1,234` */
export function count(number: number): string {
  return number.toLocaleString('en')
}
