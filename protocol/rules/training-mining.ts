import type { Consent } from './consent.ts'

/** The assertion of CAWG, and its older name in C2PA up to 2.0. One label may come several times: `…__1`. */
const LABEL = /^(?:cawg|c2pa)\.training-mining(?:__\d+)?$/
/** What an entry may speak of, after `cawg.` or `c2pa.`: any of them is what a dataset of pictures is made for. */
const ENTRY = /^(?:(?:cawg|c2pa)\.)?(data_mining|ai_inference|ai_generative_training|ai_training)$/
/** An assertion has some four; more say nothing new. */
const MAX_ENTRIES = 16

export function isTrainingMining(label: string): boolean {
  return LABEL.test(label)
}

/**
 * The assertion `cawg.training-mining` of a C2PA manifest (CAWG Training and Data Mining Assertion 1.1):
 * `{ entries: { 'cawg.ai_training': { use: 'notAllowed' } } }`. `constrained` counts as `notAllowed`, as the
 * constraint is for people to read.
 *
 * @param assertion - decoded from CBOR or JSON
 */
export function readTrainingMining(assertion: unknown): Consent {
  const signals: string[] = []
  let refused = false
  for (const [key, entry] of Object.entries(objectOf(objectOf(assertion).entries)).slice(0, MAX_ENTRIES)) {
    const name = ENTRY.exec(key)?.[1]
    const { use } = objectOf(entry)
    if (name === undefined || typeof use !== 'string') continue
    if (use === 'notAllowed' || use === 'constrained') refused = true
    if (/^\w{1,32}$/.test(use)) signals.push(`c2pa: ${name} ${use}`)
  }
  return { refused, signals }
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
