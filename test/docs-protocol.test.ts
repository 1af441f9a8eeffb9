import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as network from '../node/network/limits.ts'
import { COLUMNS } from '../node/shard/schema.ts'
import * as limits from '../protocol/limits.ts'
import { OUTCOMES } from '../protocol/outcomes.ts'
import { AI_TOKENS } from '../protocol/rules/ai-tokens.ts'
import { CONSENT_SIGNALS } from '../protocol/rules/consent.ts'
import { PRESETS } from '../protocol/rules/presets.ts'
import * as fingerprints from '../protocol/sync/fingerprints.ts'
import * as sync from '../protocol/sync/limits.ts'
import * as timing from '../protocol/timing.ts'
import { DHT_PROTOCOL, REQUEST_PROTOCOLS } from '../protocol/topics.ts'
import { readCases } from './protocol/read-vectors.ts'

const protocol = suite('docs/protocol.md')
const root = new URL('../', import.meta.url)
const page = readFileSync(new URL('docs/protocol.md', root), 'utf8')

/** Rows of tables: the first cell's text between backticks, and the other cells. */
function rowsOf(text: string): { name: string; cells: string[] }[] {
  return [...text.matchAll(/^\| `([^`]+)` \|(.*)\|$/gm)].map(([, name, rest]) => ({
    name: name!,
    cells: rest!.split('|').map((cell) => cell.trim()),
  }))
}

function section(number: string): string {
  const from = page.search(new RegExp(`^##+ ${number.replaceAll('.', '\\.')}\\.? `, 'm'))
  const end = page.slice(from + 3).search(/^##/m)
  assert.ok(from >= 0 && end >= 0, number)
  return page.slice(from, from + 3 + end)
}

/** What all nodes must agree on; every one of them is in the page. */
const AGREED = constantsOf({ ...limits, ...timing, ...sync, ...fingerprints })
/** A node's own affair: those that are in the page are right. */
const OWN = constantsOf(network)

function constantsOf(module: object): Map<string, string> {
  return new Map(
    Object.entries(module)
      .filter(([name]) => /^[A-Z_\d]+$/.test(name))
      .map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(', ') : value.toLocaleString('en-US'),
      ]),
  )
}

protocol('every constant is in a table, with the value that the code has', () => {
  const quoted = rowsOf(page).filter(({ name }) => /^[A-Z][A-Z_\d]+$/.test(name))
  for (const { name, cells } of quoted) assert.is(cells[0], AGREED.get(name) ?? OWN.get(name), name)
  const names = quoted.map(({ name }) => name)
  assert.equal(names, [...new Set(names)])
  for (const name of AGREED.keys()) assert.ok(names.includes(name), `${name} is missing`)
})

protocol('a constant that a sentence names exists', () => {
  for (const [, name] of page.matchAll(/\b([A-Z]+(?:_[A-Z\d]+)+)\b/g))
    if (!PARQUET.includes(name!)) assert.ok(AGREED.has(name!) || OWN.has(name!), name)
})
const PARQUET = ['BYTE_ARRAY', 'TIMESTAMP_MILLIS']

protocol('it lists the protocols that nodes speak, and no others of Shoal', () => {
  const spoken = [DHT_PROTOCOL, ...Object.values(REQUEST_PROTOCOLS)].sort()
  assert.equal([...section('5').matchAll(/`(\/shoal\/[^`]+)`/g)].map(([, id]) => id!).sort(), spoken)
  for (const [, id] of page.matchAll(/`(\/shoal\/[^`]+)`/g))
    assert.ok(spoken.includes(id!) || OTHERS.includes(id!), id)
})
/** The topic's form, and what all of Shoal's own protocols begin with. */
const OTHERS = ['/shoal/1/<campaign>/records', '/shoal/1/…']

protocol('it names every file of vectors, and no other', () => {
  const named = [...page.matchAll(/`([a-z-]+\.json)`/g)].map(([, name]) => name!)
  assert.equal([...new Set(named)].sort(), readdirSync(new URL('protocol/vectors/', root)).sort())
  // as what tests a section, not in passing
  const headed = [...page.matchAll(/^Vectors: (.*)\.$/gm)].flatMap(([, names]) => names!.split(', '))
  assert.equal([...new Set(headed.map((name) => name.slice(1, -1)))].sort(), [...new Set(named)].sort())
})

const RECORDS = {
  campaign: '2.3',
  claim: '2.4',
  shard: '2.5',
  backoff: '2.7',
  verdict: '2.8',
  release: '2.9',
  removal: '2.10',
  attestation: '2.11',
  receipt: '2.12',
  head: '2.13',
  manifest: '9.2',
  'release-content': '9.5',
}

protocol('the fields of records are those of the vectors', () => {
  for (const [kind, number] of Object.entries(RECORDS)) {
    const [table] = /(?:^\|.*\n)+/m.exec(section(number))!
    // some fields may be absent
    const known = new Set(
      readCases<{ value?: object }>(kind).flatMap(({ value }) => Object.keys(value ?? {})),
    )
    assert.equal(
      rowsOf(table)
        .map(({ name }) => name)
        .sort(),
      [...known].sort(),
      kind,
    )
  }
})

protocol('every code that a record is refused with is explained', () => {
  const files = [
    'codec',
    'envelope',
    ...Object.keys(RECORDS),
    'admit',
    'segment',
    'requests',
    'sync-messages',
  ]
  for (const file of files)
    for (const { error, code = error } of readCases<{ error?: string; code?: string }>(file)) {
      // what all records have in common stands there once
      const general = code?.replace(/^[a-z]+(_(?:field|unknown_field|kind|key))$/, '<kind>$1')
      if (code) assert.ok(page.includes(`\`${code}\``) || page.includes(`\`${general}\``), code)
    }
})

protocol('the columns of a shard are those that are written', () => {
  const columns = rowsOf(section('9.3'))
  const written = Object.values(COLUMNS).flat()
  assert.equal(
    columns.map(({ name, cells: [type] }) => [name, type]),
    written.map(({ name, type, nullable }) => [name, nullable ? `${type}, nullable` : type]),
  )
})

protocol('names that are added in the code are added here', () => {
  for (const name of [...Object.keys(OUTCOMES), ...AI_TOKENS, ...CONSENT_SIGNALS, ...Object.keys(PRESETS)])
    assert.ok(page.includes(`\`${name}\``), name)
})

protocol('no line is longer than 120 characters', () => {
  for (const line of page.split('\n')) assert.ok(line.length <= 120, line)
})

protocol.run()
