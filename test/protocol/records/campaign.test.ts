import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { verifySignature } from '../../../node/identity.ts'
import { encode } from '../../../protocol/codec.ts'
import { open } from '../../../protocol/envelope.ts'
import type { ShoalError } from '../../../protocol/errors.ts'
import {
  type Campaign,
  decodeCampaign,
  makeCampaign,
  pipelineId,
} from '../../../protocol/records/campaign.ts'
import { codeOf } from '../fault.ts'
import { bytesOf, fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('campaign', decodeCampaign)

const campaign = suite('campaign')
const [first] = readCases<{ envelope: string; pipelineId: string; value: object }>('campaign')
const { key, ...fields } = fromDagJson(first?.value) as Campaign
const signer = { publicKey: key, sign: () => new Uint8Array(64) }

campaign('its pipeline has a name of its own', () => {
  assert.is(pipelineId(fields.pipeline).toString(), first?.pipelineId)
})

campaign('says which field is wrong, and cuts what strangers wrote', async () => {
  const { kind, key, id } = await open(bytesOf(first?.envelope as string), verifySignature)
  const messageOf = (value: object) => {
    try {
      decodeCampaign({ kind, key, id, body: encode(value) })
    } catch (error) {
      return (error as ShoalError).message
    }
    return ''
  }
  const [source, ...others] = fields.sources
  assert.match(
    messageOf({ ...fields, key, sources: [{ ...source, parts: 0 }, ...others] }),
    '"sources.0.parts"',
  )
  assert.match(messageOf({ ...fields, key, contact: 'me' }), /"contact": it must be an e-mail/)
  const { name: _, ...nameless } = fields
  assert.match(messageOf({ ...nameless, key }), '"name"')
  const hostile = messageOf({ ...fields, key, [`\u001b[2J${'x'.repeat(1000)}`]: 1 })
  assert.match(hostile, '\\u001b[2Jxxx')
  assert.ok(hostile.length < 200)
  assert.ok(messageOf({ ...fields, key, name: 'x'.repeat(1000) }).length < 200)
})

campaign('is not made with a fault', async () => {
  assert.is(await codeOf(() => makeCampaign(fields, signer)), null)
  assert.is(await codeOf(() => makeCampaign({ ...fields, name: '' }, signer)), 'campaign_field')
  const more = { ...fields, note: 1 }
  assert.is(await codeOf(() => makeCampaign(more, signer)), 'campaign_unknown_field')
})

campaign.run()
