import { styleText } from 'node:util'
import type { Progress } from '../node/components.ts'
import type { LiveLines } from './live-lines.ts'
import { layOut, widthOf } from './table.ts'

/** Where a command's words go: results to stdout, progress to stderr; with `--json`, objects to stdout. */
export interface Output {
  readonly json: boolean
  /** whether `live` shows anything */
  readonly drawsLive: boolean
  /** A line for people; nothing with `--json`. */
  print(line?: string): void
  heading(line: string): void
  /** Lines laid out by `layOut` as wide as the terminal, 80 columns at most; the first one is a heading. */
  table(...parameters: Parameters<typeof layOut>): void
  /** An object on a line of its own; nothing without `--json`. The last one is the command's result. */
  emit(object: object): void
  progress(progress: Progress): void
  /** Lines at the end of a terminal, in place of those of the last call; nothing elsewhere. */
  live(lines: readonly string[]): void
  /** Takes bars and live lines away, before anything else is printed. */
  endProgress(): void
}

/** Anything that shows progress. */
export interface ProgressView {
  update(progress: Progress): void
  stop(): void
}

/**
 * @param startProgress - makes the view when the first progress comes
 * @param lines - a terminal's, or null
 */
export function openOutput(options: {
  json: boolean
  startProgress: () => ProgressView
  lines: LiveLines | null
}): Output {
  const { json, lines } = options
  let view: ProgressView | null = null
  const endProgress = () => {
    view?.stop()
    view = null
    lines?.stop()
  }
  const print = (line = '') => {
    if (json) return
    endProgress()
    process.stdout.write(`${line}\n`)
  }
  const heading = (line: string) => print(style('bold', line))
  return {
    json,
    drawsLive: lines !== null,
    print,
    heading,
    table(columns, rows, width) {
      const [head, ...lines] = layOut(
        columns,
        rows,
        Math.min(width ?? Number.POSITIVE_INFINITY, widthOf(process.stdout)),
      )
      print(style('dim', head ?? ''))
      for (const line of lines) print(line)
    },
    emit(object) {
      if (!json) return
      endProgress()
      process.stdout.write(`${escapeControls(JSON.stringify(object))}\n`)
    },
    progress(progress) {
      view ??= options.startProgress()
      view.update(progress)
    },
    live: (shown) => lines?.show(shown),
    endProgress,
  }
}

/** JSON leaves some characters as they are that a terminal may obey, or shows nothing of. It means the same. */
function escapeControls(json: string): string {
  return json.replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Colours only where stdout is a terminal that shows them; NO_COLOR and FORCE_COLOR decide otherwise. */
function style(format: 'bold' | 'dim', text: string): string {
  return styleText(format, text, { stream: process.stdout })
}
