/**
 * `node scripts/run-suite.ts PATTERN [SUMMARY]`: a suite as continuous integration runs it. Its output goes through as
 * it is. A file of which something failed is run once more, alone: what needs real time may fail on a busy machine, a
 * fault fails again. What failed twice, and what was unstable, is told at the end and added to the file SUMMARY.
 * Exit codes: 0 where every test passed, if only alone, else 1.
 */
import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { parse } from 'uvu/parse'
import { type FileResult, readSuite } from './run-suite/read-suite.ts'

/** Files that are run again: where more fail, the machine is not to blame. */
const MAX_AGAIN = 12
/** Milliseconds in which no test ends: a run that hangs is ended, so that the others still tell how they did. */
const SILENT_MS = 10 * 60_000
const CHARS_KEPT = 64 * 1024 * 1024

const [pattern, summary] = process.argv.slice(2)
if (pattern === undefined) throw new Error('name the pattern of the suite’s files, such as \\.test\\.ts$')
const ignore = ['node_modules', 'dist']
const { suites } = await parse('.', pattern, { ignore })
const failed = await run(suites.map(({ name }) => name))
const again = failed.length > MAX_AGAIN ? [] : failed
const lines: string[] = []
let broken = failed.length > MAX_AGAIN ? failed.length : 0
if (broken > 0) for (const file of failed) lines.push(...tell('FAILED', file))
for (const file of again) {
  console.log(`\n== again, alone: ${file.name}`)
  const [second] = await run([file.name])
  if (second !== undefined) broken++
  lines.push(...tell(second === undefined ? 'UNSTABLE' : 'FAILED', second ?? file))
}
if (lines.length > 0) console.log(`\n${lines.join('\n')}`)
if (summary !== undefined && lines.length > 0) appendFileSync(summary, `${lines.join('\n')}\n`)
process.exitCode = broken === 0 ? 0 : 1

/** @returns the files of which something failed; those that a crash kept from running are run after it */
async function run(names: string[]): Promise<FileResult[]> {
  const failures: FileResult[] = []
  for (let left = names; left.length > 0; ) {
    const { output, end } = await runUvu(left)
    const { files, ended } = readSuite(output, left, end)
    failures.push(...files)
    const last = ended ? -1 : left.indexOf(files.at(-1)?.name ?? '')
    if (last < 0 || failures.length > MAX_AGAIN) break
    left = left.slice(last + 1)
  }
  return failures
}

function runUvu(names: string[]): Promise<{ output: string; end: string }> {
  const exact = `^(?:${names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`
  const args = ['node_modules/uvu/bin.js', '.', exact, ...ignore.flatMap((one) => ['-i', one])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), SILENT_MS)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      timer.refresh()
      process.stdout.write(text)
      output = (output + text).slice(-CHARS_KEPT)
    })
  }
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ output: stripVTControlCharacters(output), end: signal ?? `exit code ${code}` })
    })
  })
}

function tell(word: string, { name, faults }: FileResult): string[] {
  return [`${word}: ${name}`, ...faults.map((fault) => `  ${fault}`)]
}
