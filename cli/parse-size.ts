const POWERS = ['', 'k', 'm', 'g', 't']

/**
 * Bytes, with decimal units (kB, MB, GB, TB) or binary ones (KiB, MiB, GiB, TiB), as IEC 80000-13 has them; the B may
 * be left out. Rates may end in /s. What could mean bits (Mb, Mbit) is not understood.
 *
 * @returns whole bytes, or null
 */
export function parseSize(text: string): number | null {
  const found = /^(\d{1,15}(?:\.\d{1,15})?) ?([kmgt]?)(i?)(b?)(?:\/s)?$/i.exec(text.trim())
  if (found === null) return null
  const [, number, prefix = '', binary, unit] = found
  if (unit === 'b' && prefix !== prefix.toLowerCase()) return null
  const bytes = Number(number) * (binary ? 1024 : 1000) ** POWERS.indexOf(prefix.toLowerCase())
  return (binary && prefix === '') || !Number.isSafeInteger(Math.floor(bytes)) ? null : Math.floor(bytes)
}
