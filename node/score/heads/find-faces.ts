import type { FacesHead } from '../../../protocol/records/safety.ts'
import { logistic } from './classify.ts'

/** In fractions of the picture's sides, from its upper left corner, and its probability. */
export type FaceBox = [x: number, y: number, width: number, height: number, score: number]

/** Share of two boxes' common area in what both cover, from which they are one face, as MediaPipe has it. */
const SAME_FACE = 0.3
/** Boxes of one picture that are told: crowds beyond have none that anybody blurs one by one. */
const MAX_FACES = 100
/** Digits of a box: a pixel of a picture of 10,000. */
const STEPS = 1e4

/** The anchors of a detector: the middle of each, in pixels of its view. */
export function placeAnchors({ view, grids }: Pick<FacesHead, 'view' | 'grids'>): Float32Array {
  const middles: number[] = []
  for (const { stride, each } of grids)
    for (let y = 0; y * stride < view.height; y++)
      for (let x = 0; x * stride < view.width; x++)
        for (let i = 0; i < each; i++) middles.push((x + 0.5) * stride, (y + 0.5) * stride)
  return Float32Array.from(middles)
}

/**
 * The faces among a detector's answers: those above its threshold, of several of one face the most probable. Boxes are
 * `x, y, width, height` in pixels of the view, of which x and y are the way from the anchor to the box's middle.
 *
 * @param boxes - as many numbers for each anchor as the graph gives. @param scores - one for each
 * @param picture - the size of the picture that the view was made of
 */
export function findFaces(
  head: Pick<FacesHead, 'view' | 'threshold'>,
  anchors: Float32Array,
  { boxes, scores }: { boxes: Float32Array; scores: Float32Array },
  picture: { width: number; height: number },
): FaceBox[] {
  const numbers = boxes.length / scores.length
  const toPicture = unfit(head.view, picture)
  const found: FaceBox[] = []
  for (const [i, score] of scores.entries()) {
    const probability = logistic(score)
    if (!(probability >= head.threshold)) continue
    const [x, y, width, height] = boxes.subarray(i * numbers, i * numbers + 4) as unknown as Four
    if (!(width > 0 && height > 0 && Number.isFinite(x + y + width + height))) continue
    const left = anchors[2 * i]! + x - width / 2
    const top = anchors[2 * i + 1]! + y - height / 2
    found.push([...toPicture(left, top, width, height), probability])
  }
  found.sort((a, b) => b[4] - a[4])
  const faces: FaceBox[] = []
  for (const box of found)
    if (faces.length < MAX_FACES && faces.every((face) => overlap(face, box) < SAME_FACE)) faces.push(box)
  return faces.map((face) => face.map((value) => Math.round(value * STEPS) / STEPS) as FaceBox)
}
type Four = [number, number, number, number]

/** From pixels of a view to fractions of the picture. */
function unfit(
  { fit, width, height }: FacesHead['view'],
  picture: { width: number; height: number },
): (x: number, y: number, width: number, height: number) => Four {
  const byWidth = width / picture.width
  const byHeight = height / picture.height
  const scale = fit === 'crop' ? Math.max(byWidth, byHeight) : Math.min(byWidth, byHeight)
  const scaleX = fit === 'stretch' ? byWidth : scale
  const scaleY = fit === 'stretch' ? byHeight : scale
  const [wide, high] = [picture.width * scaleX, picture.height * scaleY]
  const [left, top] = [(width - wide) / 2, (height - high) / 2]
  return (x, y, w, h) => [(x - left) / wide, (y - top) / high, w / wide, h / high]
}

function overlap(a: FaceBox, b: FaceBox): number {
  const side = (at: 0 | 1) => Math.min(a[at] + a[at + 2]!, b[at] + b[at + 2]!) - Math.max(a[at], b[at])
  const common = Math.max(0, side(0)) * Math.max(0, side(1))
  return common / (a[2] * a[3] + b[2] * b[3] - common)
}
