import { MultiBar, type SingleBar } from 'cli-progress'

export interface LiveLines {
  show(lines: readonly string[]): void
  /** Takes the lines away. */
  stop(): void
}

/** Whether lines can be drawn over each other there. */
export function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY && process.env.TERM !== 'dumb'
}

/** Lines at the end of a terminal that are drawn anew each time. */
export function drawLines(stream: NodeJS.WriteStream): LiveLines {
  let drawn: { bars: MultiBar; lines: SingleBar[] } | null = null
  const begin = () => ({
    bars: new MultiBar({
      stream,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      fps: 8,
      emptyOnZero: true,
      format: (_options, _parameters, payload: { line: string }) => payload.line,
    }),
    lines: [],
  })
  const stop = () => {
    drawn?.bars.stop()
    drawn = null
  }
  return {
    show(lines) {
      if (drawn !== null && drawn.lines.length > lines.length) stop()
      drawn ??= begin()
      for (const [i, line] of lines.entries())
        if (i < drawn.lines.length) drawn.lines[i]!.update(0, { line })
        else drawn.lines.push(drawn.bars.create(1, 0, { line }))
    },
    stop,
  }
}
