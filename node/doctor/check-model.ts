import { join } from 'node:path'
import type { ShoalError } from '../../protocol/errors.ts'
import { openScorer } from '../score/score.ts'
import type { Patient } from './doctor.ts'
import type { Finding } from './finding.ts'

/** Pairs that are scored to see how fast it is. */
const TRIAL_PAIRS = 16

/** Opens the model as a segment would, which scores its golden batch, on the device that would be taken. */
export async function* checkModel(
  { dataDir, model, precision, device, threads, offline }: Patient,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const tried: string[] = []
  try {
    const scorer = await openScorer(model ?? undefined, {
      ...{ cacheDir: join(dataDir, 'models'), threads, offline, device, signal },
      ...(precision === null ? {} : { precision }),
      onTrial: (name) => tried.push(name),
    })
    try {
      const { width, height } = scorer.geometry
      const started = performance.now()
      await Promise.all(
        Array.from({ length: TRIAL_PAIRS }, (_, i) =>
          scorer.score(new Uint8Array(3 * width * height).fill(i * 16), `a ${i}`),
        ),
      )
      const rate = (TRIAL_PAIRS / (performance.now() - started)) * 1000
      const { repo } = scorer.model
      yield { check: 'model', state: 'ok', found: `${repo} gives what it should` }
      const uses = scorer.devices()
      const names = uses.map(({ device: name }) => name)
      const left = tried.filter((name) => !names.includes(name))
      const trouble = uses.find((use) => use.trouble !== null)?.trouble ?? null
      const told = [
        `${names.join(', ')} (${scorer.deviceClass}): ${rate < 10 ? rate.toFixed(1) : Math.round(rate)} pairs/s`,
        ...(trouble === null ? [] : [trouble]),
        ...(left.length === 0 ? [] : [`${left.join(', ')} tried as well, and left`]),
      ]
      yield {
        ...{ check: 'device', state: trouble === null ? 'ok' : 'warn', found: told.join('; ') },
        ...(trouble === null ? {} : { advice: 'update its driver, or choose another with --device' }),
      }
    } finally {
      await scorer.close()
    }
  } catch (error) {
    signal.throwIfAborted()
    const { code = 'unexpected', message } = error as ShoalError
    const check = code.startsWith('device_') ? 'device' : 'model'
    yield { check, state: 'fail', found: message }
  }
}
