import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readReceiptFile } from '../../../node/requests/requests.ts'
import { basisOf, readBasis } from '../../../protocol/records/receipt.ts'
import { until } from '../network/start-node.ts'
import { codeOf } from '../with-node.ts'
import { DAY, openBoth } from './open-requests.ts'

const test = suite('requests')
const PHOTO = 'https://photos.example.org/me.jpg'
const UID = '0123456789abcdef0123456789abcdef'

test('what is asked for is hidden at once, for 30 days; a site is not before it is proven', async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, time, other } = await openBoth(stack)
  const { requests, removals } = other
  const state = await requests.ask({
    asked: [
      { kind: 'url', value: PHOTO },
      { kind: 'pair', value: UID.toUpperCase() },
      { kind: 'image', value: 'ab'.repeat(32) },
      { kind: 'origin', value: 'https://photos.example.org/' },
      { kind: 'url', value: 'http://photos.example.org/me.jpg' },
    ],
    reason: 'privacy',
    contact: 'me@example.org',
  })
  assert.equal(
    state.subjects.map(({ kind, fate, until }) => [kind, fate, until && (until - time.now) / DAY]),
    [
      ['url', 'hidden', 30],
      ['pair', 'hidden', 30],
      ['image', 'hidden', 30],
      ['origin', 'waiting', null],
    ],
  )
  assert.is(state.deadline, time.now + 28 * DAY)
  assert.equal(state.unproven, ['photos.example.org'])
  const listed = await removals.list(campaign)
  assert.is(listed.length, 3)
  for (const { value } of listed)
    assert.equal(readBasis(value.basis), { proof: 'none', request: state.request })
  time.now += 31 * DAY
  const later = await requests.status(state.request)
  assert.equal(
    later.subjects.map(({ fate }) => fate),
    ['over', 'over', 'over', 'waiting'],
  )
})

test('the receipt verifies, and one that was changed does not', async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, custodian, other, time } = await openBoth(stack)
  const { request } = await other.requests.ask({
    ...{ asked: [{ kind: 'url', value: PHOTO }], reason: 'rights', contact: 'someone' },
  })
  const file = await other.requests.receipt(request)
  const { receipt, node } = await readReceiptFile(file)
  assert.is(node, other.peer)
  assert.equal([receipt.request, receipt.reason, receipt.deadline], [request, 'rights', time.now + 28 * DAY])
  const [listed] = await other.removals.list(campaign)
  assert.equal(
    receipt.subjects[0]!.removals.map(({ removal }) => removal.toString()),
    [listed!.id.toString()],
  )
  assert.not.ok(file.includes('photos.example.org') || file.includes('someone'))
  const { record } = JSON.parse(file) as { record: string }
  const bytes = Buffer.from(record, 'base64')
  bytes[40]! ^= 1
  for (const forged of [{ record: bytes.toString('base64') }, { record: 'no' }, {}, 'x'])
    assert.match(await codeOf(readReceiptFile(JSON.stringify(forged))), /^(receipt|envelope|codec)_/)
  assert.is(await codeOf(custodian.requests.receipt(request)), 'request_unknown')
})

test('any node that knows the removals tells where a request stands, and no more', async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, custodian, other } = await openBoth(stack)
  const asked = [{ kind: 'url', value: PHOTO }] as const
  const { request } = await other.requests.ask({ asked, reason: 'privacy', contact: 'me@example.org' })
  assert.is(await codeOf(custodian.requests.status(request)), 'request_unknown')
  await tell(other, custodian, campaign)
  const known = () => custodian.requests.status(request).catch(() => null)
  await until('it is known', async () => (await known()) !== null)
  const state = (await known())!
  assert.equal([state.isHere, state.reason, state.nodes], [false, 'privacy', [other.peer]])
  assert.equal([state.subjects[0]!.fate, state.subjects[0]!.value], ['hidden', null])
  assert.not.ok(JSON.stringify(state).includes('example.org'))
  assert.is(await codeOf(custodian.requests.prove(request)), 'request_elsewhere')

  const [review] = await custodian.requests.reviews()
  assert.equal([review!.request, review!.node], [request, other.peer])
  assert.equal(await other.requests.reviews(), [])
  assert.is(await codeOf(other.requests.decide(request, 'confirm')), 'review_none')
  const decided = await custodian.requests.decide(request, 'confirm')
  assert.equal([decided.subjects[0]!.fate, decided.subjects[0]!.until], ['removed', null])
  assert.equal(await custodian.requests.reviews(), [])
  await tell(custodian, other, campaign)
  await until('the other node knows', async () => {
    const { subjects } = await other.requests.status(request)
    return subjects[0]!.fate === 'removed'
  })
})

test('what a custodian refuses lapses; at its own node it is shown again at once', async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, custodian, other, time } = await openBoth(stack)
  const asked = [{ kind: 'url', value: PHOTO }] as const
  const elsewhere = await other.requests.ask({ asked, reason: 'privacy', contact: null })
  await tell(other, custodian, campaign)
  await until('it is known', async () => (await custodian.requests.reviews()).length > 0)
  const refused = await custodian.requests.decide(elsewhere.request, 'reject')
  assert.is(refused.subjects[0]!.fate, 'refused')
  assert.equal(await custodian.requests.reviews(), [])
  time.now += 31 * DAY
  assert.is((await other.requests.status(elsewhere.request)).subjects[0]!.fate, 'over')

  const own = await custodian.requests.ask({
    asked: [
      { kind: 'pair', value: UID },
      { kind: 'origin', value: 'example.org' },
    ],
    ...{ reason: 'quality', contact: 'me@example.org' },
  })
  const [review] = await custodian.requests.reviews()
  assert.equal(
    [review!.contact, review!.subjects.map(({ value }) => value)],
    ['me@example.org', [UID, 'example.org']],
  )
  await custodian.requests.decide(own.request, 'reject')
  const { subjects } = await custodian.removals.inForce(campaign)
  assert.is(subjects.pair.length, 0)
  assert.equal(await custodian.requests.reviews(), [])
})

test("a request has no more in it for a stranger's using its name", async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, custodian, other, openNode } = await openBoth(stack)
  const stranger = await openNode(2)
  const wish = { reason: 'privacy', contact: null } as const
  const taken = await other.requests.ask({ ...wish, asked: [{ kind: 'url', value: PHOTO }] })
  const own = await custodian.requests.ask({ ...wish, asked: [{ kind: 'image', value: 'ab'.repeat(32) }] })
  const [mine] = await other.removals.list(campaign)
  const hash = new Uint8Array(32).fill(9)
  const push = (request: string, byte: number) => ({
    ...({ subject: { kind: 'url', hash: hash.with(0, byte) }, reason: 'privacy' } as const),
    ...{ basis: basisOf('dns', request), expires: mine!.value.expires },
  })
  await stranger.removals.issue(campaign, [push(taken.request, 1), push(own.request, 2)])
  await tell(other, custodian, campaign)
  await tell(stranger, custodian, campaign)
  const listed = () => custodian.requests.reviews()
  await until('all are known', async () => (await listed()).length === 4)
  assert.equal(
    (await listed()).map(({ request, node, subjects }) => [request, node, subjects.length]).sort(),
    [
      [`${taken.request}@${other.peer}`, other.peer, 1],
      [`${taken.request}@${stranger.peer}`, stranger.peer, 1],
      [own.request, custodian.peer, 1],
      [`${own.request}@${stranger.peer}`, stranger.peer, 1],
    ].sort(),
  )
  assert.is(await codeOf(custodian.requests.decide(taken.request, 'confirm')), 'review_none')
  await custodian.requests.decide(`${taken.request}@${other.peer}`, 'confirm')
  await custodian.requests.decide(own.request, 'confirm')
  const forGood = (await custodian.removals.list(campaign)).filter(({ value }) => value.expires === null)
  assert.is(forGood.length, 2)
  assert.not.ok(forGood.some(({ value }) => value.subject.hash[1] === 9))
  await custodian.requests.decide(`${taken.request}@${stranger.peer}`, 'reject')
  assert.is((await listed()).length, 1)
  assert.equal((await custodian.requests.status(taken.request)).nodes, [other.peer, stranger.peer])
})

test('what was confirmed is told by its name when what it confirmed is long over', async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, custodian, other, openNode, time } = await openBoth(stack)
  const asked = [{ kind: 'url', value: PHOTO }] as const
  const { request } = await other.requests.ask({ asked, reason: 'privacy', contact: null })
  await tell(other, custodian, campaign)
  await until('it is known', async () => (await custodian.requests.reviews()).length > 0)
  const { nodes } = await custodian.requests.decide(request, 'confirm')
  assert.equal(nodes, [other.peer], 'who decided has not taken it')
  time.now += 100 * DAY
  const late = await openNode(2)
  await tell(custodian, late, campaign)
  const told = () => late.requests.status(request).catch(() => null)
  await until('it is known', async () => (await told()) !== null)
  assert.is((await told())!.subjects[0]!.fate, 'removed')
})

test('without a proof nothing is hidden a second time, nor what is removed already', async () => {
  await using stack = new AsyncDisposableStack()
  const { campaign, custodian, other, time } = await openBoth(stack)
  const asked = [{ kind: 'url', value: PHOTO }] as const
  const wish = { asked, reason: 'privacy', contact: null } as const
  await other.requests.ask(wish)
  time.now += 10 * DAY
  const second = await other.requests.ask(wish)
  assert.is((await other.removals.list(campaign)).length, 1)
  assert.equal([second.subjects[0]!.fate, second.subjects[0]!.until], ['hidden', time.now + 20 * DAY])
  time.now += 21 * DAY
  const third = await other.requests.ask(wish)
  assert.is((await other.removals.inForce(campaign)).subjects.url.length, 0)
  assert.is.not(third.subjects[0]!.fate, 'hidden')

  const first = await custodian.requests.ask(wish)
  await custodian.requests.decide(first.request, 'confirm')
  const again = await custodian.requests.ask(wish)
  assert.is(again.subjects[0]!.fate, 'removed')
})

test('what names nothing is refused, and so is more than people ask for', async () => {
  await using stack = new AsyncDisposableStack()
  const { other } = await openBoth(stack)
  const ask = (kind: 'url' | 'origin' | 'pair' | 'image', value: string, contact: string | null = null) =>
    codeOf(other.requests.ask({ asked: [{ kind, value }], reason: 'rights', contact }))
  for (const [kind, value] of [
    ...([
      ['url', 'me.jpg'],
      ['url', 'ftp://a.example.org/'],
      ['url', 'http://localhost/a.jpg'],
      ['url', `https://a.example.org/${'a'.repeat(2000)}`],
    ] as const),
    ...([
      ['origin', ''],
      ['origin', 'org'],
      ['pair', 'x'],
      ['image', UID],
    ] as const),
  ])
    assert.is(await ask(kind, value), 'request_subject', value)
  assert.is(await ask('pair', UID, 'a\nb'), 'request_contact')
  assert.is(await ask('pair', UID, 'x'.repeat(201)), 'request_contact')
  const many = Array.from({ length: 17 }, (_, i) => ({
    ...({ kind: 'pair', value: UID.slice(2) + String(i).padStart(2, '0') } as const),
  }))
  assert.is(
    await codeOf(other.requests.ask({ asked: many, reason: 'rights', contact: null })),
    'request_many',
  )
  for (const request of ['', 'x', 'a'.repeat(26), '../..', '\0'])
    assert.is(await codeOf(other.requests.status(request)), 'request_unknown')
})

type Node = Awaited<ReturnType<typeof openBoth>>['other']

/** Gives one node's removals to the other, as gossip does. */
async function tell(from: Node, to: Node, campaign: Parameters<Node['removals']['list']>[0]): Promise<void> {
  for (const { id } of await from.removals.list(campaign)) {
    const { verdict } = await to.ledger.add((await from.ledger.find(id))!, 'gossip')
    assert.is.not(verdict, 'reject')
  }
}

test.run()
