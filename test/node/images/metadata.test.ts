import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { judgeMetadata } from '../../../node/images/consent/judge-metadata.ts'
import { startDecoder } from '../../../node/images/images.ts'
import { CONSENT_SIGNALS } from '../../../protocol/rules/consent.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'
import { c2paStore, FORMATS, picture, withC2pa, withXmp, xmpPacket } from './opted-out-files.ts'

const test = suite('images: metadata that opts out')
const GEOMETRY = { mode: 'crop', resize: 64, width: 64, height: 64, kernel: 'cubic' } as const
const RULES = PRESETS['laion-5b']!
const PROHIBITED =
  '<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING</plus:DataMining>'
const NOT_ALLOWED = { entries: { 'cawg.ai_training': { use: 'notAllowed' } } }

const RULES_OF_FILES = {
  ...RULES,
  image: { ...RULES.image, minBytes: 0, formats: [...FORMATS] },
}

test('XMP and C2PA refuse before anything is decoded, in each format', async () => {
  const others = CONSENT_SIGNALS.filter((name) => name !== 'XMP' && name !== 'C2PA')
  const [all, some] = [startDecoder({ threads: 1 }), startDecoder({ threads: 1, honoured: others })]
  const decode = async (file: Uint8Array, decoder = all) => {
    const result = await decoder.decode(file, GEOMETRY, RULES_OF_FILES)
    return result.ok ? result.image.signals : `${result.outcome}: ${result.detail}`
  }
  for (const format of FORMATS) {
    const [xmp, c2pa] = [
      await withXmp(format, xmpPacket(PROHIBITED)),
      await withC2pa(format, c2paStore('cawg.training-mining', NOT_ALLOWED)),
    ]
    assert.is(await decode(xmp), 'optout_image: xmp: DMI-PROHIBITED-AIMLTRAINING', format)
    assert.is(await decode(c2pa), 'optout_image: c2pa: ai_training notAllowed', format)
    assert.equal(await decode(xmp, some), ['xmp: DMI-PROHIBITED-AIMLTRAINING'], format)
    assert.equal(await decode(c2pa, some), ['c2pa: ai_training notAllowed'], format)
    assert.equal(await decode(await picture(format)), [], format)
  }
  await Promise.all([all.close(), some.close()])
})

test('a PNG may deflate its packet, a JPEG may cut its boxes', async () => {
  const judge = (file: Buffer, format: string) => judgeMetadata(file, format, CONSENT_SIGNALS).reason
  assert.is(
    judge(await withXmp('png', xmpPacket(PROHIBITED), true), 'png'),
    'xmp: DMI-PROHIBITED-AIMLTRAINING',
  )
  const bomb = await withXmp('png', ' '.repeat(50_000_000) + PROHIBITED, true)
  assert.is(judge(bomb, 'png'), '')
  const store = c2paStore('cawg.training-mining__1', NOT_ALLOWED)
  assert.is(judge(await withC2pa('jpeg', store, 50), 'jpeg'), 'c2pa: ai_training notAllowed')
  const json = c2paStore(
    'c2pa.training-mining',
    { entries: { 'c2pa.data_mining': { use: 'constrained' } } },
    'json',
  )
  assert.is(judge(await withC2pa('webp', json), 'webp'), 'c2pa: data_mining constrained')
  const allowed = c2paStore('cawg.training-mining', { entries: { 'cawg.ai_training': { use: 'allowed' } } })
  assert.is(judge(await withC2pa('png', allowed), 'png'), '')
  assert.is(judge(await withC2pa('png', c2paStore('c2pa.actions', NOT_ALLOWED)), 'png'), '')
})

test('whatever is changed in a file, metadata are read without throwing, in no time', async () => {
  const files = await Promise.all(
    FORMATS.flatMap((format) => [
      withXmp(format, xmpPacket(PROHIBITED)).then((file) => ({ format, file })),
      withC2pa(format, c2paStore('cawg.training-mining', NOT_ALLOWED)).then((file) => ({ format, file })),
    ]),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...files),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 8 }),
      fc.nat(),
      ({ format, file }, changes, end) => {
        const changed = Buffer.from(file.subarray(0, 1 + (end % file.length)))
        for (const [at, byte] of changes) changed[at % Math.min(changed.length, 1_000)] = byte
        assert.ok(judgeMetadata(changed, format, CONSENT_SIGNALS).signals.length <= 32)
      },
    ),
  )
  const start = performance.now()
  for (const { format, file } of files)
    judgeMetadata(
      Buffer.concat([file.subarray(0, 20), Buffer.alloc(8_000_000, 0xff)]),
      format,
      CONSENT_SIGNALS,
    )
  // boxes within boxes without end
  const nested = Buffer.alloc(800_000)
  for (let at = 0; at + 8 <= nested.length; at += 8) {
    nested.writeUInt32BE(nested.length - at, at)
    nested.write('jumb', at + 4, 'latin1')
  }
  judgeMetadata(await withC2pa('png', nested), 'png', CONSENT_SIGNALS)
  assert.ok(performance.now() - start < 15_000, `${performance.now() - start} ms`)
})

test.run()
