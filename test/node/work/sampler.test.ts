import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { DecodedImage, Looked } from '../../../node/components.ts'
import { collect, type StageParts } from '../../../node/work/work.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

const test = suite('what is shown of the stages')

interface Task {
  page: { url: string }
  candidate: { url: string; text: string; language: string | null }
  similarity: number
  tags: string[]
}

const task = (url: string, similarity: number, tags: string[] = []): Task => ({
  ...{ page: { url: 'http://page.example/' }, similarity, tags },
  candidate: { url, text: url, language: 'en' },
})

/** Run tasks through the stages, of which a picture's one byte is its task's place. */
async function run(tasks: Task[], wants: (outcome: Outcome) => boolean) {
  const shown: { url: string; outcome: Outcome; crop: number }[] = []
  const settled = new Map<string, Outcome>()
  const looked: number[] = []
  const image = (place: number): DecodedImage => ({
    ...{
      format: 'jpeg',
      width: 300,
      height: 300,
      bytes: 1,
      sha256: '',
      md5: 'md5',
      pdq: null,
      pdqQuality: 0,
    },
    ...{ turnedPdqs: [], signals: [], crop: new Uint8Array([place, 0, 0]), views: [] },
  })
  const parts: StageParts<Task> = {
    fetch: async (one) => ({
      ok: true,
      image: {
        ...{ bytes: new Uint8Array([tasks.indexOf(one)]), finalUrl: '', from: 'archive', status: 200 },
        ...{ contentType: null, signals: [], signalsAt: [], fetchedAt: 0 },
      },
    }),
    images: { decode: async ([place]) => ({ ok: true, image: image(place!) }) },
    scorer: {
      geometry: { mode: 'crop', resize: 1, width: 1, height: 1, kernel: 'cubic' },
      // the embedding says which it is
      score: async ([place]) => ({
        similarity: tasks[place!]!.similarity,
        embedding: new Float32Array([place!]),
      }),
    },
    looker: {
      views: [],
      async look({ embedding }) {
        looked.push(embedding[0]!)
        const { tags } = tasks[embedding[0]!]!
        const nothing = { nsfw: null, watermark: null, faces: null, faceBoxes: null, margins: [] }
        return { ...nothing, tags } as Looked
      },
    },
    rules: PRESETS['laion-5b']!,
    sampler: {
      wants,
      scored: ({ candidate }, { outcome }, { crop }) =>
        void shown.push({ url: candidate.url, outcome, crop: crop[0]! }),
    },
    settle: async ({ candidate }, { outcome }) => void settled.set(candidate.url, outcome),
    onPassed: () => {},
  }
  await collect(
    (async function* () {
      yield* tasks
    })(),
    parts,
    { fetch: 2, decode: 2, score: 2 },
  )
  return { shown, settled, looked }
}

const TASKS = [
  task('kept', 0.5),
  task('dropped', 0.1),
  task('kept, of an identity document', 0.5, ['identity_document']),
  task('dropped, a medical picture', 0.1, ['medical']),
  task('dropped, nude and a minor', 0.1, ['nudity', 'minor']),
]
const OUTCOMES = ['kept', 'similarity', 'quarantined', 'similarity', 'similarity']

test('what was dropped is looked at before it is shown, and ends as it would have', async () => {
  const { shown, settled, looked } = await run(TASKS, () => true)
  assert.equal([...settled.values()].length, TASKS.length)
  assert.equal(
    TASKS.map(({ candidate }) => settled.get(candidate.url)),
    OUTCOMES,
  )
  assert.equal(
    shown.sort((a, b) => a.crop - b.crop),
    [
      { url: 'kept', outcome: 'kept', crop: 0 },
      { url: 'dropped', outcome: 'similarity', crop: 1 },
    ],
  )
  assert.is(looked.length, TASKS.length)
})

test('of those that nobody wants to see only similar ones are looked at', async () => {
  const { shown, settled, looked } = await run(TASKS, () => false)
  assert.equal(shown, [])
  assert.equal(
    TASKS.map(({ candidate }) => settled.get(candidate.url)),
    OUTCOMES,
  )
  assert.equal(looked.sort(), [0, 2])
})

test.run()
