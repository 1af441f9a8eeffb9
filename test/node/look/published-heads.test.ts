import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { crawl, withNode } from '../with-node.ts'
import { forbidNetwork } from '../work/forbid-network.ts'
import { findShared, layHead, nameOf, readTable, writePhotoCrawl } from './shared-heads.ts'

const published = suite('published heads')
let dir = ''
published.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-heads-'))
})
published.after(() => rm(dir, { recursive: true, force: true }))

/** Below what is advised, so that a cat's face is seen. */
const THRESHOLD = 0.4
const ADVISED = 0.5
/** Photos, and how many faces of at least 0.5 they have. */
const PHOTOS = {
  'photos/coral/face.jpg': 2,
  'photos/coral/grace_hopper.bmp.png': 1,
  'photos/coral/cat_720p.jpg': 0,
  'photos/coral/owl.jpg': 0,
  'photos/coral/hot_dog.jpg': 0,
  'photos/coral/squat.bmp.png': 2,
}

published('fill the columns of the rows, as their cards say', async () => {
  const photos = Object.keys(PHOTOS).flatMap((name) => findShared(name) ?? [])
  const nsfw = await layHead(dir, 'nsfw')
  const face = await layHead(dir, 'face', { threshold: THRESHOLD })
  if (nsfw === null || face === null || photos.length === 0) return
  const warc = join(dir, 'photos.warc')
  await writePhotoCrawl(warc, photos)
  const outDir = join(dir, 'out')
  const web = forbidNetwork()
  await withNode(dir, {}, async (node) => {
    const request = { preset: 'datacomp-basic', threshold: -1, outDir, heads: [nsfw, face] }
    const [result] = await crawl(node, [warc], request)
    assert.ok(result?.verified)
    assert.is(result.pairs, photos.length)
  })
  web.allow()
  const rows = new Map(
    (await readTable(join(outDir, 'photos.warc', 'pairs.parquet'))).map((row) => [
      (row.text as string).replace('a picture called ', ''),
      row,
    ]),
  )
  const rowOf = (photo: string) => rows.get(nameOf(photo))!
  for (const [photo, faces] of Object.entries(PHOTOS)) {
    const row = rowOf(photo)
    const boxes = JSON.parse(row.face_boxes as string) as number[][]
    assert.is(row.faces, boxes.length)
    assert.is(boxes.filter(([, , , , score]) => score! >= ADVISED).length, faces, `faces of ${photo}`)
    assert.is(row.watermark, null)
  }
  const boxOf = (photo: string) => JSON.parse(rowOf(photo).face_boxes as string)[0] as number[]
  for (const photo of ['photos/coral/face.jpg', 'photos/coral/grace_hopper.bmp.png']) {
    const [x, y, width, height, score] = boxOf(photo) as [number, number, number, number, number]
    assert.ok(score >= 0.94 && score <= 0.97, `${photo}: ${score}`)
    assert.ok(x > 0 && y > 0 && x + width < 1 && y + height < 1)
  }
  const [, , , , cat] = boxOf('photos/coral/cat_720p.jpg')
  assert.ok(Math.abs(cat! - 0.42) < 0.02, `${cat}`)
  // where the face of Grace Hopper is, as anybody sees
  const [x, y, width, height] = boxOf('photos/coral/grace_hopper.bmp.png') as [number, number, number, number]
  assert.ok(x < 0.4 && x + width > 0.6 && y < 0.35 && y + height > 0.5)
  // the classifier calls ordinary photos neutral, and takes one of weight-lifting for what it is not
  for (const photo of ['face.jpg', 'owl.jpg', 'hot_dog.jpg', 'cat_720p.jpg'])
    assert.ok((rowOf(`photos/coral/${photo}`).nsfw as number) < 0.05, photo)
  assert.ok((rowOf('photos/coral/squat.bmp.png').nsfw as number) > 0.5)
})

published.run()
