import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { drawStage, startProgress, writeLines } from '../../cli/progress.ts'
import { createMeter } from '../../cli/rate.ts'
import type { Progress, StageProgress } from '../../node/components.ts'

const progress = suite('progress')

const huge: StageProgress = { stage: 'decode', done: 123_456_789_012, total: 987_654_321_098, unit: 'bytes' }

function at(done: number, segment = 0): Progress {
  return {
    file: '/data/CC-MAIN.warc.gz',
    segment,
    segments: 2,
    stages: [{ stage: 'fetch', done, total: 1000, unit: 'images' }],
  }
}

progress('a bar fits its terminal, whatever the numbers', () => {
  const meters = [
    { rate: null, left: null },
    { rate: 123_456_789, left: 3_000_000 },
    { rate: 0.01, left: 9.9 },
  ]
  for (const width of [80, 70, 60, 40])
    for (const meter of meters)
      for (const stage of [
        huge,
        { ...huge, total: null },
        { ...huge, done: 0, total: 0 },
        { ...huge, unit: 'images' as const },
      ])
        assert.ok(
          drawStage(stage, meter, width).length <= width,
          `${width}: ${drawStage(stage, meter, width)}`,
        )
})

progress('a bar says how far, how fast and how long', () => {
  const line = drawStage(
    { stage: 'fetch', done: 420, total: 1000, unit: 'images' },
    { rate: 88, left: 6.6 },
    80,
  )
  assert.match(line, /^fetch +█{9}░{13} +42 % +420 +88\/s +6\.6 s left$/)
})

progress('a stage whose end is unknown claims no share of it', () => {
  const line = drawStage(
    { stage: 'fetch', done: 5, total: null, unit: 'images' },
    { rate: null, left: null },
    80,
  )
  assert.not.match(line, /%/)
})

progress('rate and time left are those of the last seconds', () => {
  let now = 0
  const measure = createMeter(() => now)
  assert.equal(measure(0, 1000), { rate: null, left: null })
  now = 10_000
  assert.equal(measure(100, 1000), { rate: 10, left: 90 })
  // it slows down: the fast beginning is forgotten
  for (now = 11_000; now <= 40_000; now += 1000) measure(100 + (now - 10_000) / 1000, 1000)
  const { rate } = measure(130, 1000)
  assert.ok(rate! > 0.9 && rate! < 1.1, `${rate}`)
})

progress('without a terminal: a plain line now and then', () => {
  let now = 0
  const lines: string[] = []
  const view = writeLines(
    (line) => lines.push(line),
    () => now,
  )
  for (let i = 0; i <= 300; i++) {
    now = i * 100
    view.update(at(i))
  }
  assert.is(lines.length, 3, 'thirty seconds')
  assert.match(lines[0]!, /^CC-MAIN\.warc\.gz \(1 of 2\): fetch 100 of 1,000 \(10\/s\)$/)
})

progress('rates begin anew with each segment', () => {
  let now = 0
  const lines: string[] = []
  const view = writeLines(
    (line) => lines.push(line),
    () => now,
  )
  view.update(at(900))
  now = 10_000
  view.update(at(0, 1))
  assert.equal(lines, ['CC-MAIN.warc.gz (2 of 2): fetch 0 of 1,000'])
})

progress('with --json there is nothing to read but the result', () => {
  const written: string[] = []
  const stream = {
    isTTY: false,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream
  const view = startProgress(stream, { json: true, plain: false })
  view.update(at(1))
  view.stop()
  assert.equal(written, [])
})

progress.run()
