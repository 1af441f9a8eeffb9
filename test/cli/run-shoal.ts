import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))
const LIMIT_MS = 600_000

export interface Ended {
  status: number | null
  stdout: string
  stderr: string
  ms: number
}

/**
 * Starts the real program in a process of its own, with pipes, as a script would.
 *
 * @param env - added to an environment without colours' and npm's variables
 * @param limitMs - after which it is told to end
 */
export function startShoal(args: string[], env: Record<string, string> = {}, limitMs = LIMIT_MS) {
  const started = performance.now()
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr, ms: performance.now() - started }))
  })
  return { child, ended }
}

export function runShoal(args: string[], env?: Record<string, string>, limitMs?: number): Promise<Ended> {
  return startShoal(args, env, limitMs).ended
}
