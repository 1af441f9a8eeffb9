import { readFileSync } from 'node:fs'

/**
 * The most memory this process has held, MiB, which no sampling misses. Not `resourceUsage().maxRSS`: a child
 * process inherits its parent's.
 */
export function peakMiB(): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return Number(kib) / 1024
}
