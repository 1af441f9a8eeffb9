import { styleText } from 'node:util'
import type { Progress } from '../node/components.ts'
import { layOut } from './table.ts'

/** Where a command's words go: results to stdout, progress to stderr; with `--json`, objects to stdout. */
export interface Output {
  readonly json: boolean
  /** A line for people; nothing with `--json`. */
  print(line?: string): void
  heading(line: string): void
  /** Lines laid out by `layOut`, the first one a heading. */
  table(...parameters: Parameters<typeof layOut>): void
  /** An object on a line of its own; nothing without `--json`. The last one is the command's result. */
  emit(object: object): void
  progress(progress: Progress): void
  /** Takes the bars away, before anything else is printed. */
  endProgress(): void
}

/** Anything that shows progress. */
export interface ProgressView {
  update(progress: Progress): void
  stop(): void
}

/** @param startProgress - makes the view when the first progress comes */
export function openOutput(options: { json: boolean; startProgress: () => ProgressView }): Output {
  const { json } = options
  let view: ProgressView | null = null
  const endProgress = () => {
    view?.stop()
    view = null
  }
  const print = (line = '') => {
    if (json) return
    endProgress()
    process.stdout.write(`${line}\n`)
  }
  const heading = (line: string) => print(style('bold', line))
  return {
    json,
    print,
    heading,
    table(columns, rows, width) {
      const [head, ...lines] = layOut(columns, rows, width)
      print(style('dim', head ?? ''))
      for (const line of lines) print(line)
    },
    emit(object) {
      if (!json) return
      endProgress()
      process.stdout.write(`${JSON.stringify(object)}\n`)
    },
    progress(progress) {
      view ??= options.startProgress()
      view.update(progress)
    },
    endProgress,
  }
}

/** Colours only where stdout is a terminal that shows them; NO_COLOR and FORCE_COLOR decide otherwise. */
function style(format: 'bold' | 'dim', text: string): string {
  return styleText(format, text, { stream: process.stdout })
}
