const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function formatCount(number) {
  return whole.format(number)
}

/** What a second brings: three digits, no more than two behind the point. */
export function formatRate(number) {
  if (number < 0.005) return '0'
  return number < 10 ? number.toFixed(number < 1 ? 2 : 1) : whole.format(number)
}

/** @returns {[string, string]} the number and its unit */
export function splitBytes(bytes) {
  let unit = 0
  let amount = Math.max(0, bytes)
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000
    unit++
  }
  return [amount < 0.5 ? '0' : precise.format(amount), UNITS[unit]]
}

export function formatBytes(bytes) {
  return splitBytes(bytes).join(' ')
}

export function formatPercent(share) {
  return `${whole.format(Math.round(share * 100))} %`
}

/** @param {number} seconds */
export function formatDuration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) {
    const minutes = Math.floor((seconds % 3600) / 60)
    return minutes === 0 || seconds >= 36_000
      ? `${Math.floor(seconds / 3600)} h`
      : `${Math.floor(seconds / 3600)} h ${minutes} min`
  }
  return `${Math.floor(seconds / 86_400)} days`
}

export function formatThings(count, thing) {
  return `${formatCount(count)} ${thing}${count === 1 ? '' : 's'}`
}

/** A peer's id, whose first half is the same of all. */
export function shortPeer(id) {
  return id.length > 12 ? `…${id.slice(-8)}` : id
}

export function hostOf(address) {
  try {
    return new URL(address).host
  } catch {
    return address.slice(0, 60)
  }
}
