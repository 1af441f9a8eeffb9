import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Answers, Frames } from '../../../node/network/network.ts'
import { cidOf, decode, encode } from '../../../protocol/codec.ts'
import { codeOf } from '../../protocol/fault.ts'
import { bytes, campaignOf, startNode, text, until } from './start-node.ts'

const requests = suite('requests')

const campaign = campaignOf('requests')
const envelope = encode({ kind: 'campaign', body: bytes('anything') })

/** Counts to where it is told to, then ends. */
const count: Answers['sync'] = async ({ read, write }) => {
  const { to } = decode(await read()) as { to: number }
  for (let i = 0; i < to; i++) await write(encode({ i, filler: new Uint8Array(10_000) }))
  await write(encode('done'))
}
const answers: Answers = {
  record: async (asked, segment, from) =>
    asked.equals(campaign) && segment === 7 ? bytes(`claim for ${from}`) : null,
  campaign: async (asked) => (asked.equals(cidOf(envelope)) ? envelope : null),
  file: () => null,
  sync: count,
}

requests('the claim on a segment, or nothing', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack, { answers })]
  await a.dial(b.addresses()[0]!)
  assert.is(text((await a.askRecord(b.peerId, campaign, 7))!), `claim for ${a.peerId}`)
  assert.is(await a.askRecord(b.peerId, campaign, 8), null)
  assert.is(await a.askRecord(b.peerId, campaignOf('another'), 7), null)
})

requests('a hundred at once wait for each other', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack, { answers })]
  await a.dial(b.addresses()[0]!)
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, segment) => a.askRecord(b.peerId, campaign, segment)),
  )
  assert.is(all.filter((answer) => answer !== null).length, 1)
})

requests('a campaign from a neighbour, or from a provider nobody is connected to', async () => {
  await using stack = new AsyncDisposableStack()
  const id = cidOf(envelope)
  const [middle, owner, seeker] = [
    await startNode(stack),
    await startNode(stack, { answers }),
    await startNode(stack),
  ]
  assert.equal(await owner.fetchCampaign(id), null, 'a node does not ask itself')
  await owner.dial(middle.addresses()[0]!)
  await until('the middle has it', async () => (await middle.fetchCampaign(id)) !== null)
  owner.provide(id)
  await seeker.dial(middle.addresses()[0]!)
  await until('the seeker has it', async () => (await seeker.fetchCampaign(id)) !== null)
  assert.is(await seeker.fetchCampaign(campaign), null)
})

requests('another campaign than the one asked for is refused', async () => {
  await using stack = new AsyncDisposableStack()
  const liar = await startNode(stack, {
    answers: { ...answers, campaign: async () => bytes('no such thing') },
  })
  const a = await startNode(stack)
  await a.dial(liar.addresses()[0]!)
  assert.is(await codeOf(() => a.askCampaign(liar.peerId, campaign)), 'request_forged')
  assert.is(await a.fetchCampaign(campaign), null)
})

requests('a synchronisation: both sides read and write in turn, and 20 MB pass a slow reader', async () => {
  await using stack = new AsyncDisposableStack()
  const [a, b] = [await startNode(stack), await startNode(stack, { answers })]
  await a.dial(b.addresses()[0]!)
  const talk = async ({ read, write }: Frames) => {
    await write(encode({ to: 2000 }))
    let received = 0
    for (;;) {
      const value = decode(await read()) as { i: number } | 'done'
      if (value === 'done') return received
      assert.is(value.i, received++)
      if (received % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  assert.is(await a.sync(b.peerId, talk), 2000)
})

requests('what either side throws ends both', async () => {
  await using stack = new AsyncDisposableStack()
  let seen: Promise<string | null> | undefined
  const sync: Answers['sync'] = async ({ read }) => {
    const value = text(await read())
    if (value === 'throw') throw new Error('no more')
    seen = codeOf(read)
    await seen
  }
  const [a, b] = [await startNode(stack), await startNode(stack, { answers: { ...answers, sync } })]
  await a.dial(b.addresses()[0]!)
  const hear = async ({ read, write }: Frames) => {
    await write(bytes('throw'))
    await read()
  }
  assert.is(await codeOf(() => a.sync(b.peerId, hear)), 'request_failed')
  const fail = async ({ write }: Frames) => {
    await write(bytes('go on'))
    await until('b reads', () => seen !== undefined)
    throw new RangeError('mine')
  }
  await a.sync(b.peerId, fail).then(
    () => assert.unreachable(),
    (error) => assert.instance(error, RangeError),
  )
  assert.is(await seen, 'request_failed')
})

requests('called off, it ends at once', async () => {
  await using stack = new AsyncDisposableStack()
  const endless: Answers['sync'] = () => new Promise((resolve) => setTimeout(resolve, 60_000).unref())
  const [a, b] = [await startNode(stack), await startNode(stack, { answers: { ...answers, sync: endless } })]
  await a.dial(b.addresses()[0]!)
  const begin = Date.now()
  const signal = AbortSignal.timeout(200)
  assert.is(await codeOf(() => a.sync(b.peerId, ({ read }) => read(), { signal })), 'request_aborted')
  assert.ok(Date.now() - begin < 15_000)
})

requests.run()
