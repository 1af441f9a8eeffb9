import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { cleanLine } from './clean.ts'

export interface Column {
  title: string
  align?: 'right'
}

const GAP = 2

/**
 * Lays out rows in columns, as wide as their contents; the last one takes what is left of `width` and wraps there.
 *
 * @returns lines without trailing space; wider than `width` only where the other columns alone are
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = 80,
): string[] {
  const widths = columns.map((column, i) =>
    Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(row[i] ?? ''))),
  )
  const last = columns.length - 1
  const before = widths.slice(0, last).reduce((sum, each) => sum + each + GAP, 0)
  widths[last] = Math.max(10, Math.min(widths[last]!, width - before))
  const head = columns.some((column) => column.title !== '') ? [columns.map((column) => column.title)] : []
  return [...head, ...rows].flatMap((row) => layOutRow(columns, widths, row, before))
}

function layOutRow(
  columns: readonly Column[],
  widths: number[],
  row: readonly string[],
  before: number,
): string[] {
  const last = columns.length - 1
  const [first, ...rest] = wrapAnsi(row[last] ?? '', widths[last]!, { hard: true }).split('\n')
  const cells = columns.map(({ align }, i) => {
    const cell = i === last ? first! : (row[i] ?? '')
    const pad = ' '.repeat(Math.max(0, widths[i]! - stringWidth(cell)))
    return align === 'right' ? pad + cell : cell + pad
  })
  return [cells.join(' '.repeat(GAP)), ...rest.map((line) => ' '.repeat(before) + line)].map((line) =>
    line.trimEnd(),
  )
}

/** A clean line, cut to `width` columns. */
export function shorten(text: string, width: number): string {
  const line = cleanLine(text)
  if (stringWidth(line) <= width) return line
  let kept = ''
  let used = 0
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(line)) {
    used += stringWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}
