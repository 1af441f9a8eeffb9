import { CID } from 'multiformats/cid'
import sharp from 'sharp'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepSamples } from '../../../node/daemon/samples.ts'
import type { HideableRow } from '../../../node/denied/hidden.ts'
import type { OpenGate } from '../../../node/safety/safety.ts'
import type { Settled, Task } from '../../../node/work/work.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import type { Outcome } from '../../../protocol/outcomes.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { until } from '../network/start-node.ts'

const test = suite('samples of what passes')
const campaign = cidOf(encode('campaign'))
const SIDE = 256

interface Taken {
  outcome: Outcome
  url?: string
  text?: string
  similarity?: number
}

/** Samples whose hiding and gate the test decides. */
function open() {
  const hides = { row: (_row: HideableRow) => false, gate: (_url: string) => false, left: false }
  const asked = { times: 0 }
  let now = 0
  const samples = keepSamples({
    hiding: {
      judge: async (id) => {
        asked.times++
        if (hides.left) throw new Error('this node takes no part in it')
        assert.ok(CID.asCID(id)!.equals(campaign))
        return hides.row
      },
    },
    openGate: async () =>
      ({ hasRow: ({ url }) => hides.gate(url), close: async () => {} }) as Partial<OpenGate> as OpenGate,
    clock: () => ++now,
  })
  const sampler = samples.of({
    ...{ campaign, segment: 7, rules: PRESETS['laion-5b']! },
    geometry: { mode: 'crop', resize: SIDE, width: SIDE, height: SIDE, kernel: 'cubic' },
  })
  let number = 0
  /** As the stages tell of a candidate. @returns whether it was taken */
  function pass({
    outcome,
    url = `http://a.example/${++number}`,
    text = 'a boat',
    similarity,
  }: Taken): boolean {
    const task = {
      key: new Uint8Array(),
      page: { url: 'http://page.example/', warcPath: 'a.warc', warcOffset: number, warcLength: 1 },
      candidate: { ordinal: 0, url, text, language: 'en', license: null, outcome: null },
    } as Partial<Task> as Task
    const scored = similarity !== undefined
    const settled: Settled = {
      ...{ outcome, detail: null, similarity: similarity ?? null, pair: null },
      ...{ sha256: scored ? 'ab'.repeat(32) : null, pdq: null },
    }
    const isWanted = scored && sampler.wants(outcome)
    if (isWanted) {
      const crop = new Uint8Array(SIDE * SIDE * 3).fill(number)
      sampler.scored(task, settled, { md5: 'cd'.repeat(16), crop })
      // its owner uses the memory again at once
      crop.fill(255)
    }
    sampler.settled(task, settled)
    return isWanted
  }
  const settle = (count: number) =>
    until(`${count} samples`, async () => (await samples.list()).length === count, 5_000)
  return { samples, pass, hides, asked, settle }
}

test('kept and dropped ones, the newest first, with the very pixels that were scored', async () => {
  const { samples, pass, settle } = open()
  pass({ outcome: 'kept', similarity: 0.31, text: 'a red boat' })
  pass({ outcome: 'similarity', similarity: 0.1 })
  pass({ outcome: 'http_status' })
  await settle(3)
  const [failed, dropped, kept] = await samples.list()
  assert.equal([failed!.outcome, failed!.similarity, failed!.hasPicture], ['http_status', null, false])
  assert.equal([dropped!.outcome, dropped!.similarity, dropped!.hasPicture], ['similarity', 0.1, true])
  const { id, at, ...rest } = kept!
  assert.equal(rest, {
    ...{ campaign: campaign.toString(), segment: 7, url: 'http://a.example/1', text: 'a red boat' },
    ...{
      pageUrl: 'http://page.example/',
      outcome: 'kept',
      similarity: 0.31,
      threshold: 0.28,
      hasPicture: true,
    },
  })
  assert.is(await samples.picture(failed!.id), null)
  assert.is(await samples.picture('0000000000000000'), null)
  const jpeg = (await samples.picture(id))!
  const { width, height, format } = await sharp(jpeg).metadata()
  assert.equal([width, height, format], [224, 224, 'jpeg'])
  assert.ok(jpeg.length < 20_000, `${jpeg.length} bytes`)
  const { channels } = await sharp(jpeg).stats()
  for (const { mean } of channels) assert.ok(mean < 5, `${mean}, not what lay in the crop later`)
})

test('opt-outs and what is withheld are never among them, nor what has their address', async () => {
  const { samples, pass, settle } = open()
  for (const outcome of [
    'optout_robots',
    'optout_site',
    'optout_image',
    'address_refused',
    'offline',
  ] as const)
    pass({ outcome })
  pass({ outcome: 'withheld' })
  pass({ outcome: 'quarantined' })
  assert.equal(await samples.list(), [])
  pass({ outcome: 'kept', similarity: 0.5, url: 'http://a.example/same' })
  pass({ outcome: 'kept', similarity: 0.5, url: 'http://a.example/other' })
  await settle(2)
  pass({ outcome: 'quarantined', url: 'http://a.example/same' })
  await settle(1)
  pass({ outcome: 'similarity', similarity: 0.1, url: 'http://a.example/same' })
  pass({ outcome: 'kept', similarity: 0.5, url: 'http://a.example/third' })
  await settle(2)
  assert.equal((await samples.list()).map(({ url }) => url).sort(), [
    'http://a.example/other',
    'http://a.example/third',
  ])
})

test('it is asked anew each time whether they may be shown; what may not is forgotten', async () => {
  for (const hide of ['row', 'gate', 'left'] as const) {
    const { samples, pass, hides, asked, settle } = open()
    pass({ outcome: 'kept', similarity: 0.5, url: 'http://a.example/removed' })
    if (hide !== 'left') pass({ outcome: 'kept', similarity: 0.5, url: 'http://a.example/other' })
    await settle(hide === 'left' ? 1 : 2)
    const removed = (await samples.list()).find(({ url }) => url.endsWith('removed'))!
    const before = asked.times
    assert.ok(await samples.picture(removed.id))
    assert.is(asked.times, before + 1)
    if (hide === 'row') hides.row = ({ url, sha256, md5 }) => url === removed.url && Boolean(sha256 && md5)
    if (hide === 'gate') hides.gate = (url) => url === removed.url
    hides.left = hide === 'left'
    assert.is(await samples.picture(removed.id), null, hide)
    // also where it is no longer hidden
    Object.assign(hides, { row: () => false, gate: () => false, left: false })
    assert.is((await samples.list()).length, hide === 'left' ? 0 : 1, hide)
    assert.is(await samples.picture(removed.id), null, hide)
  }
})

test('a fair mix of some, whatever passes, and new ones come', async () => {
  const { samples, pass, settle } = open()
  const start = performance.now()
  let taken = 0
  for (let i = 0; i < 4_000; i++) if (pass({ outcome: 'similarity', similarity: 0.1 })) taken++
  const most = 17 + (performance.now() - start) / 250
  assert.ok(taken >= 16 && taken <= most, `${taken} pictures were made of 4000`)
  for (let i = 0; i < 40; i++) pass({ outcome: 'kept', similarity: 0.5 })
  for (let i = 0; i < 400; i++) pass({ outcome: 'http_status' })
  await settle(48)
  const all = await samples.list()
  for (const outcome of ['kept', 'similarity', 'http_status'])
    assert.is(all.filter((one) => one.outcome === outcome).length, 16, outcome)
  await until('a late one is among them', async () => {
    for (let i = 0; i < 50; i++) pass({ outcome: 'similarity', similarity: 0.2 })
    return (await samples.list()).some(({ similarity }) => similarity === 0.2)
  })
  assert.is((await samples.list()).length, 48)
})

test.run()
