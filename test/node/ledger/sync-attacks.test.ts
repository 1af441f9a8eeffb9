import { mock } from 'node:test'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Channel, Ledger } from '../../../node/ledger/ledger.ts'
import { decode, encode } from '../../../protocol/codec.ts'
import { MAX_RECORD_BYTES } from '../../../protocol/limits.ts'
import { codeOf } from '../../protocol/fault.ts'
import { anyValue, mutantsOf } from '../../protocol/mutants.ts'
import {
  digestOf,
  forge,
  makeChannels,
  makeSigner,
  type Place,
  sealCampaign,
  sealNewer,
  sealShard,
  withLedgers,
} from './make-records.ts'

const SEGMENTS = 100_000
const campaign = await sealCampaign(SEGMENTS)
const ana = makeSigner(1)
const NO_DIGESTS = new Uint8Array(16 * 1024)
const WRONG_DIGESTS = NO_DIGESTS.map((_, i) => i)
const ALL_BUCKETS = Uint8Array.from({ length: 2048 }, (_, i) => (i % 2 === 0 ? i >>> 9 : (i >>> 1) & 0xff))
const nothing = new Uint8Array()
const signal = new AbortController().signal

const attacks = suite('attacks on a sync')

interface Seen {
  code: string | null
  told: string[]
}

/** What a node says that syncs with a peer whose answers are made up. */
async function askLiar(ledger: Ledger, answer: (request: Record<string, unknown>) => object): Promise<Seen> {
  const [here, there] = makeChannels()
  const told: string[] = []
  let ended = false
  const lie = async () => {
    while (!ended) await there.write(encode(answer(decode(await there.read(signal)) as never)), signal)
  }
  void lie()
  const code = await codeOf(() =>
    ledger.sync(campaign.id, here, { onMisbehaviour: (code) => told.push(code) }),
  )
  ended = true
  return { code, told }
}

/** What a node says that is asked by a peer that makes up its requests. */
async function answerLiar(
  ledger: Ledger,
  lie: (ask: (request: object) => Promise<Record<string, unknown>>, channel: Channel) => Promise<unknown>,
): Promise<Seen> {
  const [here, there] = makeChannels()
  const told: string[] = []
  const work = codeOf(() => ledger.answer(here, { onMisbehaviour: (code) => told.push(code) }))
  const ask = async (request: object) => {
    await there.write(encode(request), signal)
    return decode(await Promise.race([there.read(signal), work.then(() => encode({}))])) as never
  }
  await lie(ask, there)
  return { code: await work, told }
}

const begin = { ask: 'digests', campaign: campaign.id, digests: NO_DIGESTS }
const blamed = (code: string): Seen => ({ code, told: [code] })
const withOne = (work: (place: Place) => Promise<void>) => withLedgers(1, campaign, work)

attacks('an answer whose digests do not fit its ids', () =>
  withOne(async ({ ledger }) => {
    const seen = await askLiar(ledger, ({ ask }) =>
      ask === 'digests' ? { digests: WRONG_DIGESTS } : { offers: nothing, lacks: nothing, more: false },
    )
    assert.equal(seen, blamed('sync_lie'))
  }),
)

attacks('a request whose digests do not fit its ids', () =>
  withOne(async ({ ledger }) => {
    const seen = await answerLiar(ledger, async (ask) => {
      await ask({ ...begin, digests: WRONG_DIGESTS })
      await ask({ ask: 'compare', buckets: ALL_BUCKETS, ids: nothing })
    })
    assert.equal(seen, blamed('sync_lie'))
  }),
)

attacks('records that are offered, and never given', () =>
  withOne(async ({ ledger, checks }) => {
    const before = checks.count
    const offers = Uint8Array.from({ length: 32 * 16_384 }, (_, i) => (i * 7919) >>> (i % 32))
    const seen = await askLiar(ledger, ({ ask }) => {
      if (ask === 'digests') return { digests: WRONG_DIGESTS }
      if (ask === 'compare') return { offers, lacks: nothing, more: true }
      return { records: [], handled: 1000 }
    })
    assert.equal(seen, blamed('sync_lie'))
    assert.is(checks.count, before)
  }),
)

attacks('10,000 records of garbage, offered', () =>
  withOne(async ({ ledger, checks }) => {
    const garbage = await makeGarbage(10_000)
    const offers = Buffer.concat(garbage.map(digestOf))
    const before = checks.count
    const seen = await askLiar(ledger, ({ ask, ids }) => {
      if (ask === 'digests') return { digests: WRONG_DIGESTS }
      if (ask === 'compare') return { offers: new Uint8Array(offers), lacks: nothing, more: true }
      const from = offers.indexOf(ids as Uint8Array) / 32
      return { records: garbage.slice(from, from + 1000), handled: 1000 }
    })
    assert.equal(seen, blamed('sync_garbage'))
    assert.ok(checks.count - before <= 64, `${checks.count - before} signatures were checked`)
    assert.is(ledger.counts(campaign.id).shards, 0)
  }),
)

attacks('10,000 records of garbage, pushed', () =>
  withOne(async ({ ledger, checks }) => {
    const garbage = await makeGarbage(1_000)
    const before = checks.count
    const seen = await answerLiar(ledger, async (ask) => {
      await ask(begin)
      const ids = new Uint8Array(Buffer.concat(garbage.map(digestOf)))
      // digests of nothing differ in all these buckets: below the bound, so that the garbage itself is what is seen
      const { lacks } = await ask({ ask: 'compare', buckets: ALL_BUCKETS, ids: ids.slice(0, 32 * 60) })
      assert.is((lacks as Uint8Array).length, 32 * 60)
      for (let i = 0; i < 10; i++) await ask({ ask: 'push', records: garbage.slice(0, 60) })
    })
    assert.equal(seen, blamed('sync_garbage'))
    assert.ok(checks.count - before <= 64, `${checks.count - before} signatures were checked`)
  }),
)

attacks('records that nobody asked for', () =>
  withOne(async ({ ledger }) => {
    const shard = await sealShard(campaign, ana)
    const pushed = await answerLiar(ledger, async (ask) => {
      await ask(begin)
      await ask({ ask: 'push', records: [shard.bytes] })
    })
    assert.equal(pushed, blamed('sync_unasked'))
    const other = await sealShard(campaign, ana, { segment: 1 })
    const offered = await askLiar(ledger, ({ ask }) => {
      if (ask === 'digests') return { digests: digestsOf(other.bytes) }
      if (ask === 'compare') return { offers: digestOf(other.bytes), lacks: nothing, more: false }
      return { records: [shard.bytes], handled: 1 }
    })
    assert.equal(offered, blamed('sync_unasked'))
  }),
)

attacks('none: records of a version that is yet to come are passed over', () =>
  withOne(async ({ ledger }) => {
    const newer = await sealNewer(ana)
    const seen = await askLiar(ledger, ({ ask }) => {
      if (ask === 'digests') return { digests: digestsOf(newer) }
      if (ask === 'compare') return { offers: digestOf(newer), lacks: nothing, more: false }
      return { records: [newer], handled: 1 }
    })
    assert.equal(seen, { code: null, told: [] })
  }),
)

attacks('requests without an end', () =>
  withOne(async ({ ledger }) => {
    let asked = 0
    const seen = await answerLiar(ledger, async (ask) => {
      await ask(begin)
      for (
        ;
        asked < 10_000 && 'offers' in (await ask({ ask: 'compare', buckets: ALL_BUCKETS, ids: nothing }));
      )
        asked++
    })
    assert.equal(seen, blamed('sync_endless'))
    assert.ok(asked < 300)
  }),
)

attacks('answers drop by drop', () =>
  withOne(async ({ ledger }) => {
    const shards: Uint8Array[] = []
    for (let segment = 0; segment < 200; segment++)
      shards.push((await sealShard(campaign, ana, { segment, seq: segment })).bytes)
    const seen = await askLiar(ledger, ({ ask, ids }) => {
      if (ask === 'digests') return { digests: digestsOf(...shards) }
      if (ask === 'compare') return { offers: joined(shards.map(digestOf)), lacks: nothing, more: false }
      const first = shards.find(
        (shard) => Buffer.compare(digestOf(shard), (ids as Uint8Array).subarray(0, 32)) === 0,
      )
      return { records: [first], handled: 1 }
    })
    assert.equal(seen, blamed('sync_endless'))
  }),
)

attacks('silence', () =>
  withOne(async ({ ledger }) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    try {
      const [here] = makeChannels()
      const told: string[] = []
      const work = codeOf(() => ledger.sync(campaign.id, here, { onMisbehaviour: (code) => told.push(code) }))
      for (let i = 0; i < 20; i++) {
        await new Promise((resolve) => setImmediate(resolve))
        mock.timers.tick(1000)
      }
      assert.is(await work, 'sync_timeout')
      assert.equal(told, [], 'a slow line is no misbehaviour')
    } finally {
      mock.timers.reset()
    }
  }),
)

attacks('an oversize message', () =>
  withOne(async ({ ledger }) => {
    const seen = await answerLiar(ledger, (_, channel) =>
      channel.write(new Uint8Array(MAX_RECORD_BYTES + 1), signal),
    )
    assert.equal(seen, blamed('sync_message'))
  }),
)

attacks('messages that nobody would write', () =>
  withOne(async ({ ledger }) => {
    const valid = [
      begin,
      { ask: 'compare', buckets: Uint8Array.of(0, 1, 3, 255), ids: new Uint8Array(32) },
      { ask: 'pull', ids: new Uint8Array(64) },
      { ask: 'push', records: [new Uint8Array(8)] },
      { offers: nothing, lacks: nothing, more: false },
      { records: [], handled: 1 },
    ].map(encode)
    const strange = fc.oneof(
      fc.uint8Array(),
      mutantsOf(...valid),
      anyValue.map(encode),
      fc.constantFrom(...valid),
    )
    const known = /^sync_(message|lie|unasked|endless|campaign)$/
    const property = fc.asyncProperty(
      fc.array(strange, { maxLength: 5 }),
      fc.boolean(),
      async (messages, start) => {
        const asked = makeChannels()
        for (const message of [...(start ? [encode(begin)] : []), ...messages, encode(0)])
          await asked[1].write(message, signal)
        assert.match((await codeOf(() => ledger.answer(asked[0]))) ?? 'sync_message', known)
        const asking = makeChannels()
        for (const message of [
          ...(start ? [encode({ digests: WRONG_DIGESTS })] : []),
          ...messages,
          encode(0),
        ])
          await asking[1].write(message, signal)
        assert.match((await codeOf(() => ledger.sync(campaign.id, asking[0]))) ?? 'sync_message', known)
      },
    )
    await fc.assert(property, { numRuns: 300 })
  }),
)

attacks.run()

async function makeGarbage(count: number): Promise<Uint8Array[]> {
  const shard = await sealShard(campaign, ana)
  const envelope = decode(forge(shard)) as { sig: Uint8Array }
  return Array.from({ length: count }, (_, i) => {
    const sig = envelope.sig.slice()
    new DataView(sig.buffer).setUint32(0, i)
    return encode({ ...envelope, sig })
  })
}

/** Fingerprints as the protocol has them, reckoned with bigints. */
function digestsOf(...records: Uint8Array[]): Uint8Array {
  const sums = new Map<number, bigint>()
  for (const record of records) {
    const digest = Buffer.from(digestOf(record))
    const bucket = digest.readUInt16BE(0) >>> 6
    const sum = (sums.get(bucket) ?? 0n) + BigInt(`0x${digest.toString('hex', 16)}`)
    sums.set(bucket, sum % 2n ** 128n)
  }
  const bytes = Buffer.alloc(16 * 1024)
  for (const [bucket, sum] of sums) bytes.write(sum.toString(16).padStart(32, '0'), bucket * 16, 'hex')
  return new Uint8Array(bytes)
}

function joined(parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
