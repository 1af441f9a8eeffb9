import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CID } from 'multiformats/cid'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Web } from '../../../node/components.ts'
import { type Blocklists, guardWeb, openBlocklists, openGate } from '../../../node/safety/safety.ts'
import { openStore, type Store } from '../../../node/store/store.ts'
import { cidOf, encode } from '../../../protocol/codec.ts'
import { packSubjects, type SubjectKind, type Subjects, subjectHash } from '../../../protocol/rules/remove.ts'

const gates = suite('gates')
const campaign = cidOf(encode('campaign'))
const other = cidOf(encode('another campaign'))
const PAGE = 'http://page.example/'
const UID = '0123456789abcdef0123456789abcdef'
let dir = ''
let store: Store
let lists: Blocklists

gates.before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-gate-'))
  store = await openStore(join(dir, 'db'))
  lists = await openBlocklists(join(dir, 'lists'), store, () => 0)
})
gates.after(async () => {
  await lists.close()
  await store.close()
  await rm(dir, { recursive: true, force: true })
})

const bytesOf = (text: string) => new TextEncoder().encode(text)
const sha256 = (bytes: Uint8Array) => new Uint8Array(hash('sha256', bytes, 'buffer'))
const row = { url: 'http://a.example/1.jpg', pageUrl: PAGE, uid: UID, sha256: null, md5: null, pdq: null }

/** Removals that come and go. */
function makeRemovals() {
  const listeners = new Set<(campaign: CID) => void>()
  let subjects: Subjects = packSubjects({ pair: [], url: [], origin: [], image: [] })
  return {
    inForce: async () => ({ subjects }),
    onChange(listener: (campaign: CID) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async remove(kind: SubjectKind, name: string, from = campaign) {
      const none = { pair: [], url: [], origin: [], image: [] }
      subjects = packSubjects({ ...none, [kind]: [subjectHash(kind, name, sha256)!] })
      for (const listener of listeners) listener(from)
      // whoever was told asks first
      await new Promise((resolve) => setImmediate(resolve))
    },
    listeners,
  }
}

gates('follow the removals of their own campaign', async () => {
  const removals = makeRemovals()
  const gate = await openGate(lists, removals, campaign)
  assert.not.ok(gate.hasAddress(row.url, PAGE))
  await removals.remove('url', 'https://a.example/1.jpg', other)
  assert.not.ok(gate.hasAddress(row.url, PAGE))
  await removals.remove('url', 'https://a.example/1.jpg')
  assert.ok(gate.hasAddress(row.url, PAGE))
  await removals.remove('origin', 'page.example')
  assert.ok(gate.hasAddress('http://b.example/', PAGE))
  assert.not.ok(gate.hasAddress(row.url, 'http://else.example/'))
  await gate.close()
  assert.is(removals.listeners.size, 0)
})

gates('know pairs by their uids, and ask for those only where it matters', async () => {
  const removals = makeRemovals()
  const gate = await openGate(lists, removals, campaign)
  assert.not.ok(gate.namesPairs())
  await removals.remove('pair', UID)
  assert.ok(gate.namesPairs())
  assert.ok(gate.hasAddress(row.url, PAGE, UID))
  assert.ok(gate.hasRow(row))
  assert.not.ok(gate.hasRow({ ...row, uid: UID.replace('0', 'f') }))
  await gate.close()
})

gates('know removed files by their bytes, and forget their addresses', async () => {
  const removals = makeRemovals()
  const gate = await openGate(lists, removals, campaign)
  await removals.remove('image', hash('sha256', 'a file'))
  assert.ok(gate.hasFile(row.url, bytesOf('a file')))
  assert.not.ok(gate.hasFile(row.url, bytesOf('another')))
  assert.ok(gate.hasRow({ ...row, sha256: hash('sha256', 'a file') }))
  // a removal may be taken back
  assert.not.ok(gate.hasAddress(row.url, PAGE))
  await gate.close()
})

gates('know what lists name, and remember where it was', async () => {
  const gate = await openGate(lists, makeRemovals(), campaign)
  const file = join(dir, 'list.jsonl')
  const entries = [
    { kind: 'md5', value: hash('md5', 'a file') },
    { kind: 'pdq', value: 'f'.repeat(64) },
    { kind: 'host', value: 'bad.example' },
  ]
  await writeFile(file, entries.map((entry) => JSON.stringify(entry)).join('\n'))
  await lists.add(file, null)
  assert.not.ok(gate.hasFile('http://c.example/1.jpg', bytesOf('another')))
  assert.ok(gate.hasFile('http://c.example/1.jpg', bytesOf('a file')))
  assert.ok(gate.hasAddress('https://c.example/1.jpg', PAGE))
  assert.not.ok(gate.hasPicture('http://c.example/2.jpg', ['0f'.repeat(32)]))
  assert.not.ok(gate.hasPicture('http://c.example/2.jpg', []))
  assert.ok(gate.hasPicture('http://c.example/2.jpg', ['0f'.repeat(32), `7${'f'.repeat(63)}`]))
  assert.ok(gate.hasAddress('http://c.example/2.jpg', PAGE))
  assert.ok(gate.hasRow({ ...row, url: 'http://c.example/3.jpg', md5: hash('md5', 'a file') }))
  assert.ok(gate.hasAddress('http://c.example/3.jpg', PAGE))
  assert.not.ok(gate.hasRow({ ...row, md5: hash('md5', 'another'), pdq: '0f'.repeat(32) }))
  await gate.close()
})

gates('keep redirects from where they lead', async () => {
  const gate = await openGate(lists, makeRemovals(), campaign)
  const web = { judge: (address: string | URL) => new URL(address) } as Web
  const guarded = guardWeb(web, gate)
  assert.ok(guarded.judge('http://good.example/') instanceof URL)
  const judged = guarded.judge('http://www.bad.example/1.jpg')
  assert.equal(
    [(judged as { outcome?: string }).outcome, (judged as { detail?: string }).detail],
    ['withheld', ''],
  )
  await gate.close()
})

gates.run()
