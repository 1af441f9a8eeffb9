/** The process in which a device is tried: a driver may end it, hang, or write to its streams. */
import { ShoalError } from '../../protocol/errors.ts'
import { checkGolden } from './check-golden.ts'
import { unusable } from './device.ts'
import { deviceClassOf } from './device-class.ts'
import { openSteady } from './steady-encoder.ts'
import type { TrialAnswer, TrialJob } from './try-device.ts'

async function perform({ options, golden, atLeast }: TrialJob): Promise<TrialAnswer> {
  const { device, precision, config, directory } = options
  const encoder = await openSteady(options)
  const found = await encoder.findBatch()
  const isChecked = found.perSecond >= atLeast
  if (isChecked) {
    // one after the other: an encoder has one buffer
    let line: Promise<unknown> = Promise.resolve()
    const score = (crop: Uint8Array, text: string) => {
      const scored = line.then(() => encoder.embedPairs(crop, [text]))
      line = scored.catch(() => {})
      return scored.then(({ similarities, embeddings }) => ({
        similarity: similarities[0]!,
        embedding: embeddings,
      }))
    }
    await checkGolden({ score }, golden, config.geometry, directory, deviceClassOf(device, precision))
  }
  const standing = encoder.standing()
  if (standing.device.kind !== device.kind) throw unusable(device, standing.trouble ?? 'it was lost')
  return { ok: true, batch: standing.batch, perSecond: found.perSecond, isChecked }
}

process.once('message', async (job: TrialJob) => {
  const answer = await perform(job).catch(
    (error: Error): TrialAnswer => ({
      ok: false,
      code: error instanceof ShoalError ? error.code : 'device_unusable',
      message: error.message,
    }),
  )
  // whoever asked ends this process: drivers may hang on the way out
  process.send?.(answer)
})
process.once('disconnect', () => process.exit())
