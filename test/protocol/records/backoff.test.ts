import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Backoff, decodeBackoff, heededUntil, makeBackoff } from '../../../protocol/records/backoff.ts'
import { HEARSAY_MS } from '../../../protocol/timing.ts'
import { codeOf } from '../fault.ts'
import { fromDagJson, readCases } from '../read-vectors.ts'
import { testRecord } from './record-cases.ts'

testRecord('backoff', decodeBackoff)

const backoff = suite('backoff')
const [{ value } = {}] = readCases<{ value?: object }>('backoff')

backoff('is not made with a fault', async () => {
  const { peer, ...fields } = fromDagJson(value) as Backoff
  const signer = { publicKey: peer, sign: () => new Uint8Array(64) }
  assert.is(await codeOf(() => makeBackoff(fields, signer)), null)
  assert.is(await codeOf(() => makeBackoff({ ...fields, host: 'Photos.example' }, signer)), 'backoff_field')
  assert.is(await codeOf(() => makeBackoff({ ...fields, until: fields.issued }, signer)), 'backoff_field')
})

backoff('takes every name that URLs have for a host, but for a dot at its end', async () => {
  const { peer, ...fields } = fromDagJson(value) as Backoff
  const signer = { publicKey: peer, sign: () => new Uint8Array(64) }
  for (const url of [
    'https://Bücher.Example/a',
    'http://photos.example:443/',
    'https://photos.example:443/',
    'http://3221226241/',
    'http://192.0.513:8080/',
    'http://0xC0.0.2.1/',
    'http://[2001:DB8:0:0::1]:80/',
    'http://[::ffff:192.0.2.1]:81/',
    'http://a_b.-c-.example/',
    'http://1.2.3.example/',
  ])
    assert.is(await codeOf(() => makeBackoff({ ...fields, host: new URL(url).host }, signer)), null, url)
  const dotted = new URL('http://photos.example./').host
  assert.is(await codeOf(() => makeBackoff({ ...fields, host: dotted }, signer)), 'backoff_field')
})

backoff('is heeded until it ends, or for as long as hearsay holds', () => {
  assert.is(heededUntil({ issued: 1000, until: 1001 }), 1001)
  assert.is(heededUntil({ issued: 1000, until: 1000 + HEARSAY_MS + 1 }), 1000 + HEARSAY_MS)
})

backoff.run()
