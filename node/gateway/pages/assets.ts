import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'

/** What the pages need beside themselves, by address: of this place alone, so that they ask no other. */
export type Assets = ReadonlyMap<string, { type: string; text: string }>

const HASHES = ['sha2.js', '_md.js', '_u64.js', 'utils.js']
const SCRIPT = 'text/javascript; charset=utf-8'

export async function readAssets(): Promise<Assets> {
  const here = (name: string) => readFile(new URL(name, import.meta.url), 'utf8')
  const hashes = await Promise.all(
    HASHES.map(async (name) => {
      const text = await readFile(new URL(name, import.meta.resolve('@noble/hashes/sha2.js')), 'utf8')
      return [`/pages/hashes/${name}`, { type: SCRIPT, text }] as const
    }),
  )
  return new Map([
    ...hashes,
    ['/pages/style.css', { type: 'text/css; charset=utf-8', text: await here('style.css') }],
    ['/pages/hash-picture.js', { type: SCRIPT, text: await here('hash-picture.js') }],
    ['/pages/pdq.js', { type: SCRIPT, text: await readPdq() }],
  ])
}

/** The very code that pictures are hashed by when they are collected; of the source tree it is TypeScript. */
async function readPdq(): Promise<string> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const text = await readFile(new URL(`../../images/pdq.${extension}`, import.meta.url), 'utf8')
  if (extension === 'js') return text
  // it works, and warns that it may change one day: no news to who runs a node
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(text)
  } finally {
    process.emitWarning = emitWarning
  }
}
