/**
 * `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date.
 *
 * @returns milliseconds from now, or null where it says nothing that can be read
 */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null
  const trimmed = value.trim()
  if (/^\d+$/.test(trimmed)) return Number(trimmed) * 1000
  const date = /^[A-Z][a-z]/.test(trimmed) ? Date.parse(trimmed) : Number.NaN
  return Number.isNaN(date) ? null : Math.max(0, date - now)
}
