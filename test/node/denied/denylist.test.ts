import { hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { extendDenylist, ruleFor } from '../../../node/denied/denied.ts'
import { cidOf } from '../../../protocol/codec.ts'

const denylist = suite('denylists')

const AUTHOR = 'Shoal peer 12D3Koo"quoted"'
const raw = (text: string) => cidOf(new TextEncoder().encode(text), 'raw')
const set = (...rules: string[]) => new Set(rules)

/** As the specification says: the header ends at the first `---`, of rules on one thing the last one counts. */
function deniedBy(text: string): string[] {
  const [head, ...body] = text.split('---\n')
  assert.match(head!, /^version: 1\nname: /)
  const rules = new Map<string, boolean>()
  for (const line of body.join('---\n').split('\n'))
    if (line !== '' && !line.startsWith('#')) rules.set(line.replace(/^!/, ''), !line.startsWith('!'))
  return [...rules].flatMap(([rule, isDenied]) => (isDenied ? rule : [])).sort()
}

denylist('a secret rule is the one that the specification gives for its example', () => {
  const block = CID.parse('bafybeidjwik6im54nrpfg7osdvmx7zojl5oaxqel5cmsz46iuelwf5acja')
  assert.is(ruleFor(block, true), '//QmX9dhRcQcKUw3Ws8485T5a9dtjrSCQaUAHnG4iK9i4ceM')
  assert.is(ruleFor(block, false), `/ipfs/${block}`)
  // by multihash: another codec is the same block
  assert.is(ruleFor(CID.createV1(0x55, block.multihash), true), ruleFor(block, true))
})

denylist('it has a header, and is appended to where something changes', () => {
  const [one, two, secret] = [
    ruleFor(raw('one'), false),
    ruleFor(raw('two'), false),
    ruleFor(raw('one'), true),
  ]
  const first = extendDenylist(null, set(one, two), AUTHOR)
  assert.equal([first.added, first.takenBack], [2, 0])
  assert.equal(deniedBy(first.text), [one, two].sort())
  assert.ok(first.text.includes(`author: ${JSON.stringify(AUTHOR)}\n`))
  assert.equal(extendDenylist(first.text, set(one, two), AUTHOR), { text: '', added: 0, takenBack: 0 })
  // what was told is a secret from now on: the one rule is taken back before the other begins
  const second = extendDenylist(first.text, set(secret), AUTHOR)
  assert.equal([second.added, second.takenBack], [1, 2])
  assert.is(second.text.split('\n').at(-2), secret)
  const third = extendDenylist(first.text + second.text, set(one), AUTHOR)
  assert.equal(deniedBy(first.text + second.text + third.text), [one])
})

denylist('what somebody else has written there stays, as it counts', () => {
  const own = ruleFor(raw('own'), false)
  const text = `${extendDenylist(null, set(), AUTHOR).text}# by hand\n${own} reason=hand\n/ipns/a.example\n!${own}`
  const { text: more, added } = extendDenylist(text, set(own), AUTHOR)
  assert.is(added, 1)
  assert.equal(deniedBy(text + more).includes(own), true)
  assert.throws(() => extendDenylist('some text\n', set(own), AUTHOR), /no denylist/)
})

denylist('a rule tells nobody which block is meant', () => {
  const rules = Array.from({ length: 50 }, (_, i) => ruleFor(raw(hash('md5', `${i}`)), true))
  assert.ok(rules.every((rule) => /^\/\/Qm[1-9A-HJ-NP-Za-km-z]{44}$/.test(rule)))
  assert.is(new Set(rules).size, 50)
})

denylist.run()
