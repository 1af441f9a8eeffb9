import { encode } from '../../protocol/codec.ts'
import { type Sealed, seal } from '../../protocol/envelope.ts'
import { type Backoff, makeBackoff } from '../../protocol/records/backoff.ts'
import { alice, bob, campaign, HOUR, judge, listed, NOW, SECOND } from './admit-case.ts'

export async function backoffAdmissions(): Promise<unknown[]> {
  const asked = await backoff({})
  return [
    judge('back-off: a first', asked, {}, 'accept', 'ok'),
    judge('back-off: for a day', await backoff({ until: NOW + 24 * HOUR }), {}, 'accept', 'ok'),
    judge(
      'back-off: issued two minutes from now',
      await backoff({ issued: NOW + 120 * SECOND }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'back-off: issued later than that',
      await backoff({ issued: NOW + 120 * SECOND + 1 }),
      {},
      'ignore',
      'backoff_early',
    ),
    judge(
      'back-off: the last millisecond',
      await backoff({ issued: NOW - 1, until: NOW + 1 }),
      {},
      'accept',
      'ok',
    ),
    judge('back-off: over', await backoff({ issued: NOW - 1, until: NOW }), {}, 'ignore', 'backoff_expired'),
    judge(
      'back-off: said 3,599.999 s ago, for a day',
      await backoff({ issued: NOW - HOUR + 1, until: NOW + 23 * HOUR }),
      {},
      'accept',
      'ok',
    ),
    judge(
      'back-off: said an hour ago, for a day',
      await backoff({ issued: NOW - HOUR, until: NOW + 23 * HOUR }),
      {},
      'ignore',
      'backoff_expired',
    ),
    judge("back-off: the peer's 60th in ten minutes", asked, { recentBackoffs: 59 }, 'accept', 'ok'),
    judge('back-off: one more', asked, { recentBackoffs: 60 }, 'ignore', 'backoff_flood'),
    judge('back-off: claims count apart', asked, { recentClaims: 120 }, 'accept', 'ok'),
    judge('back-off: in a sync', asked, { way: 'sync' }, 'reject', 'backoff_synced'),
    judge('back-off: of a campaign nobody told of', asked, { campaign: null }, 'ignore', 'campaign_unknown'),
    judge('back-off: by a listed operator', await backoff({}, alice), { campaign: listed }, 'accept', 'ok'),
    judge('back-off: by a peer that is not listed', asked, { campaign: listed }, 'ignore', 'peer_unlisted'),
    judge(
      "forged: a back-off in another peer's name",
      await seal('backoff', encode({ ...backoffFields(), peer: alice.publicKey }), bob),
      {},
      'reject',
      'backoff_key',
    ),
    judge(
      'forged: a back-off of no host',
      await seal('backoff', encode({ ...backoffFields(), host: '*' }), bob),
      {},
      'reject',
      'backoff_field',
    ),
  ]
}

function backoff(change: Partial<Backoff>, signer = bob): Promise<Sealed> {
  const { peer: _, ...fields } = { ...backoffFields(), ...change }
  return makeBackoff(fields, signer)
}

function backoffFields(): Backoff {
  return {
    campaign,
    host: 'photos.example',
    status: 429,
    peer: bob.publicKey,
    issued: NOW,
    until: NOW + HOUR / 2,
  }
}
