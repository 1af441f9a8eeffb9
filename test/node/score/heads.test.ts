import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readClasses } from '../../../node/score/heads/classify.ts'
import { findFaces, placeAnchors } from '../../../node/score/heads/find-faces.ts'
import { keepHeads, obtainHeads, openHeads, readHead } from '../../../node/score/score.ts'
import type { ClassifierHead, FacesHead } from '../../../protocol/records/safety.ts'
import { codeOf } from '../../protocol/fault.ts'
import { writeTinyHead } from './tiny-model.ts'

const heads = suite('heads')
let dir = ''
heads.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-heads-'))
})
heads.after(() => rm(dir, { recursive: true, force: true }))

/** On embeddings of three numbers: the first is a class's, the second the other's. */
const DESCRIPTION = {
  ...{ kind: 'classifier', name: 'tiny', file: 'tiny.onnx', view: null, output: 'logits' },
  ...{ activation: 'sigmoid', classes: ['mark', 'shot'] },
  reads: [
    { tag: 'watermark', classes: ['mark'], threshold: 0.5 },
    { tag: 'screenshot', classes: ['shot'], threshold: 0.9 },
  ],
}
const MATRIX = [
  [10, 0],
  [0, 10],
  [0, 0],
]

async function layTiny(name: string, changes: object = {}, matrix = MATRIX): Promise<string> {
  const at = join(dir, name)
  await mkdir(at, { recursive: true })
  await writeTinyHead(join(at, 'tiny.onnx'), matrix)
  await writeFile(join(at, 'head.json'), JSON.stringify({ ...DESCRIPTION, ...changes }))
  return at
}

heads('on embeddings tell what their graph does', async () => {
  const file = await readHead(await layTiny('embedding'))
  const opened = await openHeads([file], { dimension: 3, threads: 1 })
  const look = (embedding: number[]) =>
    opened.look({ width: 1, height: 1, views: [], embedding: Float32Array.from(embedding) })
  try {
    assert.equal(opened.views, [])
    const [first, again] = await Promise.all([look([1, 0, 0]), look([1, 0, 0]), look([0, 1, 0])])
    assert.equal(first, again)
    const [{ tags }] = first as unknown as [{ tags: [string, number][] }]
    assert.equal(
      tags.map(([tag, probability]) => [tag, Math.round(probability * 1e4) / 1e4]),
      [
        ['watermark', 1],
        ['screenshot', 0.5],
      ],
    )
  } finally {
    await opened.close()
  }
})

heads('that are not as they are described are refused, and told why', async () => {
  const open = async (at: string, dimension = 3) => {
    const opened = await openHeads([await readHead(at)], { dimension, threads: 1 })
    await opened.close()
  }
  const refused: [string, string, () => Promise<void>][] = [
    ['a head without a description', 'head_missing_file', () => open(join(dir, 'nowhere'))],
    ['a file elsewhere', 'head_field', async () => open(await layTiny('a', { file: '../tiny.onnx' }))],
    ['no file', 'head_missing_file', async () => open(await layTiny('b', { file: 'other.onnx' }))],
    ['a field nobody knows', 'head_unknown_field', async () => open(await layTiny('c', { url: 'http://a' }))],
    ['an output it has not', 'head_layout', async () => open(await layTiny('d', { output: 'probs' }))],
    [
      'more classes than it has',
      'head_layout',
      async () => open(await layTiny('e', { classes: ['mark', 'shot', 'x'] })),
    ],
    ['what is no probability', 'head_layout', async () => open(await layTiny('f', { activation: 'none' }))],
    ['embeddings of another length', 'head_layout', async () => open(await layTiny('g'), 4)],
  ]
  for (const [what, code, work] of refused) assert.is(await codeOf(work), code, what)
  const garbage = await layTiny('h')
  await writeFile(join(garbage, 'tiny.onnx'), 'no graph')
  assert.is(await codeOf(() => open(garbage)), 'model_broken')
})

heads('come from peers by their hash, whatever some of them give', async () => {
  const file = await readHead(await layTiny('given'))
  const bytes = await readFile(file.path)
  const lies: string[] = []
  const give = (id: string, content: Uint8Array) => ({
    id,
    async *read(sha256: string, offset: number) {
      if (sha256 === file.head.file.sha256) yield content.subarray(offset)
    },
  })
  const cacheDir = join(dir, 'cache')
  const peersOf = (...some: ReturnType<typeof give>[]) =>
    async function* () {
      yield* some
    }
  const liar = give('liar', new Uint8Array(bytes.length))
  const [got] = await obtainHeads([file.head], {
    ...{ cacheDir, peers: peersOf(liar, give('honest', bytes)) },
    onLie: (id) => lies.push(id),
  })
  assert.equal(lies, ['liar'])
  assert.equal(await readFile(got!.path), bytes)
  // then nobody is asked
  assert.equal(await obtainHeads([file.head], { cacheDir }), [got])
  const missing = () => obtainHeads([file.head], { cacheDir: join(dir, 'empty'), peers: peersOf(liar) })
  assert.is(await codeOf(missing), 'campaign_head')
  // whoever makes a campaign keeps its heads where those of others are
  await keepHeads([file], join(dir, 'own'))
  const [own] = await obtainHeads([file.head], { cacheDir: join(dir, 'own') })
  assert.equal(await readFile(own!.path), bytes)
})

const FACES: Pick<FacesHead, 'view' | 'grids' | 'threshold'> = {
  view: { width: 16, height: 16, fit: 'pad', layout: 'nhwc', mean: [0, 0, 0], std: [1, 1, 1] },
  ...{ grids: [{ stride: 8, each: 1 }], threshold: 0.5 },
}

heads('anchors lie in the middle of the fields of each grid, row after row', () => {
  assert.equal([...placeAnchors(FACES)], [4, 4, 12, 4, 4, 12, 12, 12])
  const grids = [
    { stride: 8, each: 2 },
    { stride: 16, each: 6 },
  ]
  // as MediaPipe's short-range model has them
  assert.is(placeAnchors({ view: { ...FACES.view, width: 128, height: 128 }, grids }).length, 2 * 896)
})

heads('boxes are told in fractions of the picture, of one face the most probable alone', () => {
  const anchors = placeAnchors(FACES)
  const boxes = Float32Array.from([...[0, 0, 4, 4], ...[-7, 1, 4, 4], ...[0, 0, 2, 2], ...[0, 0, 2, 2]])
  const scores = Float32Array.from([2, 1, -1, Number.NaN])
  // the second is of the same face; the picture is twice as wide as high, so that half of the view is black
  const faces = findFaces(FACES, anchors, { boxes, scores }, { width: 200, height: 100 })
  assert.equal(faces, [[0.125, -0.25, 0.25, 0.5, 0.8808]])
  const stretched = { ...FACES, view: { ...FACES.view, fit: 'stretch' as const } }
  assert.equal(findFaces(stretched, anchors, { boxes, scores }, { width: 200, height: 100 }), [
    [0.125, 0.125, 0.25, 0.25, 0.8808],
  ])
})

heads('whatever a graph gives, boxes are numbers', () => {
  const anchors = placeAnchors(FACES)
  const floats = (length: number) => fc.float32Array({ minLength: length, maxLength: length })
  fc.assert(
    fc.property(floats(16), floats(4), (boxes, scores) => {
      for (const face of findFaces(FACES, anchors, { boxes, scores }, { width: 30, height: 20 })) {
        assert.is(face.length, 5)
        assert.ok(face.every(Number.isFinite))
        assert.ok(face[4] >= 0.5)
      }
    }),
  )
})

heads('several classes of a tag count together, and what is no probability is told', () => {
  const head: Pick<ClassifierHead, 'activation' | 'classes' | 'reads'> = {
    ...{ activation: 'none', classes: ['a', 'b', 'c'] },
    reads: [{ tag: 'nudity', classes: ['a', 'c'], threshold: 0.5 }],
  }
  assert.equal(readClasses(head, Float32Array.from([0.25, 0.5, 0.25])), [['nudity', 0.5]])
  assert.equal(readClasses(head, Float32Array.from([0.25, 2, 0.25])), null)
  assert.equal(readClasses(head, Float32Array.from([0.25, Number.NaN, 0.25])), null)
  const softmax = { ...head, activation: 'softmax' as const }
  assert.equal(readClasses(softmax, Float32Array.from([1000, -1000, 1000])), [['nudity', 1]])
})

heads.run()
