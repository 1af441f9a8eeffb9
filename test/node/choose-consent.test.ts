import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseConsent } from '../../node/choose-consent.ts'
import { CONSENT_SIGNALS, REQUIRED_CONSENT } from '../../protocol/rules/consent.ts'
import { codeOf } from './with-node.ts'

const test = suite('choose consent')

test('what a campaign honours is all but what is named, and never less than three', async () => {
  const choose = async (...without: string[]) => chooseConsent(without)
  assert.equal(await choose(), [...CONSENT_SIGNALS])
  const least = await choose('Meta Robots', ' aipref', 'content-signal', 'AI.TXT', 'xmp', 'C2PA')
  assert.equal(least, [...REQUIRED_CONSENT])
  for (const name of ['robots.txt', 'x-robots-tag', 'TDMREP'])
    assert.is(await codeOf(choose(name)), 'consent_required')
  for (const name of ['', 'robots', 'constructor']) assert.is(await codeOf(choose(name)), 'consent_unknown')
})

test.run()
