const grouped = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `1,234` */
export function formatCount(count: number): string {
  return grouped.format(count)
}

/** `1 segment`, `1,234 segments` */
export function formatThings(count: number, thing: string): string {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `1.2 MB`: decimal units, as disks and networks count */
export function formatBytes(bytes: number): string {
  let unit = 0
  while (bytes >= 999.5 && unit < UNITS.length - 1) {
    bytes /= 1000
    unit++
  }
  return `${bytes < 99.95 && unit > 0 ? bytes.toFixed(1) : Math.round(bytes)} ${UNITS[unit]}`
}

/** `4 s`, `3 min`, `2 h 10 min` */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  if (seconds < 99.5) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.round(hours / 24)} days`
}

/** Per second, short: `88`, `4.2`, `12k` */
export function formatRate(rate: number): string {
  if (rate < 9.95) return rate.toFixed(1)
  return rate < 99_950 ? formatCount(rate) : `${formatCount(rate / 1000)}k`
}
