import { readFileSync } from 'node:fs'
import * as dagJson from '@ipld/dag-json'

/** The cases of `protocol/vectors/<name>.json`. */
export function readCases<Case>(name: string): (Case & { comment: string })[] {
  const url = new URL(`../../protocol/vectors/${name}.json`, import.meta.url)
  const { cases } = JSON.parse(readFileSync(url, 'utf8'))
  // a suite without tests would pass
  if (cases.length === 0) throw new Error(`${url.pathname} has no cases`)
  return cases
}

/** The bytes of lower-case hex, and this many zeros after them. */
export function bytesOf(hex: string, zeros = 0): Uint8Array {
  return new Uint8Array(Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(zeros)]))
}

/** A value from its DAG-JSON, links and bytes restored. */
export function fromDagJson(json: unknown): unknown {
  return dagJson.parse(JSON.stringify(json))
}

/** The other way: values are compared like this, since equal links differ in where their bytes lie. */
export function toDagJson(value: unknown): unknown {
  return JSON.parse(dagJson.stringify(value))
}
