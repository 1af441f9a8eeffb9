import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Channel, Ledger } from '../../../node/ledger/ledger.ts'
import type { Sealed } from '../../../protocol/envelope.ts'
import { makeChannels, sealCampaign, withLedgers } from '../../node/ledger/make-records.ts'
import { codeOf } from '../fault.ts'
import { joinPieces } from '../join-pieces.ts'
import { bytesOf, readCases } from '../read-vectors.ts'

interface Case {
  now: number
  /** the envelope of the campaign, and its id */
  campaign: string
  id: string
  /** envelopes; null where this side has not joined the campaign */
  asker: string[]
  answerer: string[] | null
  steps: { from: 'asker' | 'answerer'; says: string; message: (string | number)[] }[]
  /** ids of what both have in the end, or the asker alone where the other has not joined */
  after: string[]
}

const conversations = suite('conversations of two ledgers')
const cases = readCases<Case>('sync-conversation')

for (const { comment, now, id, asker, answerer, steps, after, ...rest } of cases) {
  const campaign: Sealed = { bytes: bytesOf(rest.campaign), id: CID.parse(id) }

  conversations(comment, async () => {
    await withSide(campaign, asker, now, (from) =>
      withSide(answerer && campaign, answerer ?? [], now, async (to) => {
        const said: Said[] = []
        const [here, there] = makeChannels()
        const asking = from.sync(campaign.id, listenTo(here, 'asker', said))
        const [code] = await Promise.all([codeOf(() => asking), to.answer(listenTo(there, 'answerer', said))])
        assert.is(code, answerer ? null : 'sync_campaign')
        assert.equal(
          said,
          steps.map(({ from, message }) => ({ from, message: hexOf(joinPieces(message)) })),
        )
        for (const ledger of answerer ? [from, to] : [from]) await checkRecords(ledger, campaign, after)
      }),
    )
  })
}

conversations('an answer comes before the next request', () => {
  for (const { steps } of cases)
    for (const [i, { from }] of steps.entries()) assert.is(from, i % 2 === 0 ? 'asker' : 'answerer')
})

interface Said {
  from: 'asker' | 'answerer'
  message: string
}

function listenTo({ read, write }: Channel, from: Said['from'], said: Said[]): Channel {
  return {
    read,
    write(bytes, signal) {
      said.push({ from, message: hexOf(bytes) })
      return write(bytes, signal)
    },
  }
}

/** A ledger with these records; without a campaign, one that has joined another. */
async function withSide(
  campaign: Sealed | null,
  records: string[],
  now: number,
  work: (ledger: Ledger) => Promise<void>,
): Promise<void> {
  await withLedgers(1, campaign ?? (await sealCampaign(1)), async (place) => {
    place.time.now = now
    for (const record of records)
      assert.is((await place.ledger.add(bytesOf(record), 'sync')).verdict, 'accept')
    await work(place.ledger)
  })
}

async function checkRecords(ledger: Ledger, campaign: Sealed, ids: string[]): Promise<void> {
  for (const id of ids) assert.ok(await ledger.find(CID.parse(id)), id)
  const { claims, shards } = ledger.counts(campaign.id)
  assert.is(claims + shards, ids.length)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

conversations.run()
