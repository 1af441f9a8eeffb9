import { ShoalError } from '../../protocol/errors.ts'

/** Hours of the day, local time, from the beginning of the first to the beginning of the second, over midnight too. */
export interface Hours {
  from: number
  to: number
}

/** @param text - `22-6`. @throws ShoalError `hours_invalid` */
export function parseHours(text: string): Hours {
  const [, from, to] = /^(\d{1,2})-(\d{1,2})$/.exec(text) ?? []
  const hours = { from: Number(from), to: Number(to) }
  if (hours.from <= 23 && hours.to <= 24 && hours.from !== hours.to) return hours
  throw new ShoalError(
    'hours_invalid',
    `${JSON.stringify(text)} are no hours: from 22:00 to 6:00 is written 22-6`,
  )
}

export function isWithin({ from, to }: Hours, time: Date): boolean {
  const hour = time.getHours()
  return from < to ? from <= hour && hour < to : from <= hour || hour < to
}
