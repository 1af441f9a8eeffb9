/**
 * `shoal` as the pages' commands call it. A command that runs until it is told to end is told so with Ctrl-C as soon as it
 * is ready, and has a data directory of its own, since a node runs in the page's already.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const args = process.argv.slice(2)
const isNode = args.length === 0 || args[0] === 'start' || args[0]!.startsWith('--')
const isEndless = isNode || args.includes('--follow')
// the doctor would ask for the page's archive, which is made up
const home = isNode || args[0] === 'doctor' ? mkdtempSync(join(tmpdir(), 'shoal-docs-node-')) : null
const child = spawn(process.execPath, [MAIN, ...args, ...(isNode ? ['--json'] : [])], {
  stdio: ['inherit', isEndless ? 'pipe' : 'inherit', 'inherit'],
  env: home === null ? process.env : { ...process.env, SHOAL_HOME: home },
})
let told = ''
let isEnding = false
child.stdout?.setEncoding('utf8').on('data', (text: string) => {
  process.stdout.write(text)
  told += text
  // a second Ctrl-C would break it off
  if (isEnding || !(isNode ? told.includes('{"ready":') : told.includes('\n'))) return
  isEnding = true
  child.kill('SIGINT')
})
child.on('close', (status) => {
  if (home !== null) rmSync(home, { recursive: true, force: true })
  const isReady = !isNode || told.includes('{"ready":')
  process.exitCode = isReady ? (status ?? 1) : 1
})
