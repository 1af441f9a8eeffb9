import { ShoalError } from '../../../protocol/errors.ts'
import type { Head, HeadView } from '../../../protocol/records/safety.ts'
import { type Feed, type Floats, openGraph } from '../onnx.ts'
import { fillPlanes, tabulateLevels } from '../preprocess.ts'
import { testPicture } from '../test-picture.ts'
import { readClasses, type TagProbabilities } from './classify.ts'
import { type FaceBox, findFaces, placeAnchors } from './find-faces.ts'

/** A head, and where its file lies. */
export interface HeadFile {
  head: Head
  path: string
}

/** What the heads look at of a picture. */
export interface HeadPicture {
  /** of the picture itself, in pixels */
  width: number
  height: number
  /** RGB, interleaved: what each head wants, or null where it wants the embedding */
  views: (Uint8Array | null)[]
  /** L2-normalised */
  embedding: Float32Array
}

/** What one head says. */
export type HeadAnswer = { tags: TagProbabilities } | { faces: FaceBox[] }

export type HeadsJob =
  | { do: 'open'; files: HeadFile[]; dimension: number; threads: number }
  | { do: 'look'; picture: HeadPicture }
  | { do: 'close' }

/** Errors lose their code on the way between threads, so that they go as data. */
export type HeadsAnswer = { ok: true; answers: HeadAnswer[] } | { ok: false; code: string; message: string }

interface OpenHead {
  look(picture: Omit<HeadPicture, 'views'> & { view: Uint8Array | null }): Promise<HeadAnswer>
  close(): Promise<void>
}

let opened: OpenHead[] = []
let line: Promise<unknown> = Promise.resolve()

/** The thread of the heads. One picture at a time: what a head says of it does not depend on any other. */
export default function work(job: HeadsJob): Promise<HeadsAnswer> {
  const answer = line.then(() => perform(job)).catch(describe)
  line = answer
  return answer
}

async function perform(job: HeadsJob): Promise<HeadsAnswer> {
  const answers: HeadAnswer[] = []
  if (job.do === 'open')
    for (const file of job.files) opened.push(await openHead(file, job.dimension, job.threads))
  else if (job.do === 'look') {
    const { views, ...picture } = job.picture
    for (const [i, head] of opened.entries())
      answers.push(await head.look({ ...picture, view: views[i] ?? null }))
  } else {
    await Promise.all(opened.map((head) => head.close()))
    opened = []
  }
  return { ok: true, answers }
}

function describe(error: unknown): HeadsAnswer {
  const code = error instanceof ShoalError ? error.code : 'head_failed'
  return { ok: false, code, message: error instanceof Error ? error.message : String(error) }
}

/** Tried out at once: a head that does not fit its description is no use. */
async function openHead({ head, path }: HeadFile, dimension: number, threads: number): Promise<OpenHead> {
  const graph = await openGraph(path, threads)
  const [input, ...others] = graph.inputs.keys()
  const fault = (what: string) => new ShoalError('head_layout', `head ${head.name} (${path}): ${what}`)
  const wanted = head.kind === 'faces' ? [head.boxes, head.scores] : [head.output]
  const lacks = wanted.find((name) => !graph.outputs.includes(name))
  if (input === undefined || others.length > 0) throw fault(`it has ${graph.inputs.size} inputs; wanted one`)
  if (lacks !== undefined) throw fault(`it has no output ${lacks}; it has ${graph.outputs.join(', ')}`)
  const feed = head.view === null ? null : startView(head.view)

  async function run(view: Uint8Array | null, embedding: Float32Array): Promise<Floats[]> {
    const data = feed === null ? { data: embedding, dims: [1, embedding.length] } : feed(view!)
    return graph.run({ [input!]: data }, wanted).catch((cause: Error) => {
      throw cause instanceof ShoalError ? cause : fault(cause.message)
    })
  }

  const look = head.kind === 'faces' ? startDetector(head) : startClassifier(head)
  const { view } = head
  const close = graph.close
  await look({
    ...{ width: view?.width ?? 1, height: view?.height ?? 1 },
    view: view && testPicture(0, view.width, view.height),
    embedding: new Float32Array(dimension).fill(1 / Math.sqrt(dimension)),
  }).catch(async (error) => {
    await close()
    throw error
  })
  return { look, close }

  function startDetector(faces: Extract<Head, { kind: 'faces' }>): OpenHead['look'] {
    const anchors = placeAnchors(faces)
    return async ({ view, embedding, ...picture }) => {
      const [boxes, scores] = (await run(view, embedding)) as [Floats, Floats]
      const count = anchors.length / 2
      if (scores.data.length !== count || boxes.data.length < 4 * count || boxes.data.length % count > 0)
        throw fault(`it gives [${boxes.dims}] and [${scores.dims}]; its grids have ${count} anchors`)
      return { faces: findFaces(faces, anchors, { boxes: boxes.data, scores: scores.data }, picture) }
    }
  }

  function startClassifier(classifier: Extract<Head, { kind: 'classifier' }>): OpenHead['look'] {
    return async ({ view, embedding }) => {
      const [{ data, dims }] = (await run(view, embedding)) as [Floats]
      if (data.length !== classifier.classes.length)
        throw fault(`it gives [${dims}]; it was said to have ${classifier.classes.length} classes`)
      const tags = readClasses(classifier, data)
      if (tags === null) throw fault(`what it gives is no probability: is its activation right?`)
      return { tags }
    }
  }
}

/** Bytes to the head's numbers, through one buffer. */
function startView({ width, height, layout, mean, std }: HeadView): (rgb: Uint8Array) => Feed {
  const table = tabulateLevels({ rescale: 1 / 255, mean, std })
  const data = new Float32Array(3 * width * height)
  if (layout === 'nchw')
    return (rgb) => {
      fillPlanes(table, rgb, data, 0)
      return { data, dims: [1, 3, height, width] }
    }
  return (rgb) => {
    for (let i = 0; i < data.length; i += 3) {
      data[i] = table[rgb[i]!]!
      data[i + 1] = table[256 | rgb[i + 1]!]!
      data[i + 2] = table[512 | rgb[i + 2]!]!
    }
    return { data, dims: [1, height, width, 3] }
  }
}
