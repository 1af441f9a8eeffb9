/** A record's `WARC-Date` (ISO 8601). @returns milliseconds since 1970, or null where it is none */
export function readDate(value: unknown): number | null {
  const date = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? null : date
}
