import stringWidth from 'string-width'
import wrapAnsi from 'wrap-ansi'
import { cleanLine } from './clean.ts'

export interface Column {
  title: string
  align?: 'right'
}

const GAP = 2
/** Columns of a terminal that are made use of, and that pipes and files get. */
const WIDTH = 80
/** Columns below which nothing can be laid out: a terminal that is narrower breaks lines itself. */
const LEAST_WIDTH = 40
/** Columns that each part of a table keeps, as long as it has something to fill them. */
const LEAST_PART = 8

/** Columns that lines may take on a stream. */
export function widthOf({ columns }: Pick<NodeJS.WriteStream, 'columns'>): number {
  return Math.max(LEAST_WIDTH, Math.min(WIDTH, columns || WIDTH))
}

/**
 * Lays out rows in columns, as wide as their contents; the last one takes what is left of `width` and wraps there. Where
 * that is nothing, the widest of the others wrap as well.
 *
 * @returns lines without trailing space; wider than `width` only where numbers and narrow columns alone are
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number = widthOf(process.stdout),
): string[] {
  const widths = columns.map((column, i) =>
    Math.max(stringWidth(column.title), ...rows.map((row) => stringWidth(row[i] ?? ''))),
  )
  const last = columns.length - 1
  const before = () => widths.slice(0, last).reduce((sum, each) => sum + each + GAP, 0)
  const most = width - Math.min(widths[last]!, LEAST_PART)
  while (before() > most) {
    const [widest] = widths
      .map((each, i) => ({ each, i }))
      .filter(({ each, i }) => i < last && columns[i]!.align !== 'right' && each > LEAST_PART)
      .sort((a, b) => b.each - a.each)
    if (widest === undefined) break
    widths[widest.i]!--
  }
  widths[last] = Math.max(LEAST_PART, Math.min(widths[last]!, width - before()))
  const head = columns.some((column) => column.title !== '') ? [columns.map((column) => column.title)] : []
  return [...head, ...rows].flatMap((row) => layOutRow(columns, widths, row))
}

function layOutRow(columns: readonly Column[], widths: readonly number[], row: readonly string[]): string[] {
  const last = columns.length - 1
  const cells = columns.map((_, i) => {
    const cell = row[i] ?? ''
    const fits = i < last && stringWidth(cell) <= widths[i]!
    return fits ? [cell] : wrapAnsi(cell, widths[i]!, { hard: true }).split('\n')
  })
  return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, line) =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i]![line] ?? ''
        const pad = ' '.repeat(Math.max(0, widths[i]! - stringWidth(cell)))
        return align === 'right' ? pad + cell : cell + pad
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
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
