import { access, constants } from 'node:fs/promises'
import { request } from 'undici'
import { SKEW_MS } from '../../protocol/timing.ts'
import type { Web } from '../components.ts'
import type { Patient } from './doctor.ts'
import type { Finding } from './finding.ts'

/** Milliseconds until a server's headers. */
const ANSWER_MS = 10_000
/** Servers that are asked: the campaigns of one node have few. */
const MAX_ASKED = 8
/** Milliseconds between clocks that harm nothing: HTTP's dates have whole seconds, and an answer takes some time. */
const GOOD_SKEW_MS = 10_000

/**
 * Whether archives can be had; and by the dates of their servers, whether this machine's clock is right. Of one
 * that is more than SKEW_MS ahead others refuse what it signs, as coming from the future.
 */
export async function* checkSources(
  { sources, offline }: Patient,
  { web, clock, signal }: { web: Web; clock: () => number; signal: AbortSignal },
): AsyncGenerator<Finding> {
  const check = 'source'
  const servers = new Set<string>()
  for (const source of sources)
    if (URL.canParse(source) && /^https?:/.test(source)) servers.add(new URL(source).origin)
    else
      yield await access(source, constants.R_OK).then(
        (): Finding => ({ check, state: 'ok', found: `${source} is here` }),
        (error: Error): Finding => ({
          ...{ check, state: 'fail', found: `can't read ${source} (${error.message})` },
          advice: 'bring the file back, or name another campaign',
        }),
      )
  let skew: number | null = null
  for (const server of [...servers].slice(0, MAX_ASKED)) {
    if (offline) {
      yield { check, state: 'fail', found: `${server} is not asked`, advice: 'leave out --offline' }
      continue
    }
    const { finding, date } = await ask(server, web, signal)
    if (date !== null) skew = clock() - date
    yield finding
  }
  yield judgeClock(skew)
}

async function ask(
  server: string,
  web: Web,
  signal: AbortSignal,
): Promise<{ finding: Finding; date: number | null }> {
  const check = 'source'
  try {
    const { statusCode, headers, body } = await request(server, {
      ...{ method: 'HEAD', dispatcher: web.dispatcher },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    await body.dump()
    const date = Date.parse(String(headers.date))
    const isWell = statusCode < 500
    const finding: Finding = {
      ...{ check, state: isWell ? 'ok' : 'warn' },
      found: isWell ? `${server} answers` : `${server} answers ${statusCode}`,
      ...(isWell ? {} : { advice: 'its server has trouble: try again later' }),
    }
    return { finding, date: Number.isNaN(date) ? null : date }
  } catch (error) {
    signal.throwIfAborted()
    const { message } = error as Error
    return {
      finding: {
        ...{ check, state: 'fail', found: `${server} does not answer (${message})` },
        advice: "check this machine's way to the internet, its firewall and name servers",
      },
      date: null,
    }
  }
}

/** @param skewMs - how far this machine's clock is ahead; null: nobody was asked */
export function judgeClock(skewMs: number | null): Finding {
  const check = 'clock'
  if (skewMs === null) return { check, state: 'unknown', found: 'no server told the time' }
  const seconds = Math.round(Math.abs(skewMs) / 1000)
  const found = seconds < 2 ? 'right' : `${seconds} s ${skewMs > 0 ? 'ahead' : 'behind'}`
  if (Math.abs(skewMs) <= GOOD_SKEW_MS) return { check, state: 'ok', found }
  return {
    ...{ check, state: Math.abs(skewMs) > SKEW_MS ? 'fail' : 'warn', found },
    advice:
      process.platform === 'linux'
        ? 'let the system set it: timedatectl set-ntp true'
        : 'let the system set the time by itself',
  }
}
