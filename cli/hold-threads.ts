import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Milliseconds for a program that takes five, or a second where it is PowerShell. */
const PATIENCE_MS = 10_000

/**
 * Have this process, with all its threads and those to come, run on so many of its cores: each stage has threads of its
 * own, libraries theirs, and the system alone can bound all of them together. Where it has no means (macOS), or the
 * program that sets it is missing, each stage keeps to so many threads and nothing else changes.
 *
 * @returns whether the process is held to so many cores, or has no more
 */
export function holdThreads(threads: number): boolean {
  try {
    if (process.platform === 'linux') return holdOnLinux(threads)
    if (process.platform === 'win32') return holdOnWindows(threads)
  } catch {
    // no such program, or the system refuses: the stages' own bounds are what there is
  }
  return false
}

function holdOnLinux(threads: number): boolean {
  const allowed = parseCores(
    /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!,
  )
  if (allowed.length <= threads) return true
  const cores = chooseCores(allowed, threads).join(',')
  execFileSync('taskset', ['-acp', cores, String(process.pid)], { stdio: 'ignore', timeout: PATIENCE_MS })
  return true
}

/** The first of them: a mask of 64 cores is what .NET takes. */
function holdOnWindows(threads: number): boolean {
  const mask = (1n << BigInt(Math.min(threads, 63))) - 1n
  const script = `$p = Get-Process -Id ${process.pid}; $m = [long]$p.ProcessorAffinity -band ${mask}; if ($m -ne 0) { $p.ProcessorAffinity = [IntPtr]$m }`
  execFileSync('powershell', ['-NoProfile', '-NonInteractive', '-Command', script], {
    ...{ stdio: 'ignore', timeout: PATIENCE_MS, windowsHide: true },
  })
  return true
}

/** Any of them: of several nodes on a machine not all must have the same. */
export function chooseCores(
  allowed: readonly number[],
  threads: number,
  chance: () => number = Math.random,
): number[] {
  const left = [...allowed]
  const chosen = Array.from({ length: threads }, () => left.splice(Math.floor(chance() * left.length), 1)[0]!)
  return chosen.sort((a, b) => a - b)
}

/** @param list - `0-3,8` as Linux writes it */
export function parseCores(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number) as [number, number?]
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}
