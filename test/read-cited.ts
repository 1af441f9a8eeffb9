import { existsSync, readFileSync } from 'node:fs'
import * as assert from 'uvu/assert'

const ROOT = new URL('../', import.meta.url)

/** A test that a page names: a file's path, and the names of tests that follow it in quotation marks. */
export interface Cited {
  path: string
  names: string[]
}

export function readCited(text: string): Cited[] {
  const line = text.replace(/\s+/g, ' ')
  return [...line.matchAll(/`(test\/[\w/.-]+)`(?:: ((?:"[^"]+"(?:, )?)+))?/g)].map(([, path, names]) => ({
    path: path!,
    names: [...(names ?? '').matchAll(/"([^"]+)"/g)].map(([, name]) => name!),
  }))
}

export function assertThere(cited: readonly Cited[]): void {
  for (const { path, names } of cited) {
    assert.ok(existsSync(new URL(path, ROOT)), path)
    const tests = readFileSync(new URL(path, ROOT), 'utf8')
    for (const name of names) assert.ok(tests.includes(name), `${path}: ${name}`)
  }
}
