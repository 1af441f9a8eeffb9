import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { VERSION } from '../version.ts'
import type { Device } from './device.ts'
import type { LoadedModel } from './load-model.ts'
import type { Trial } from './try-device.ts'

/** How devices did with one model, as this machine is now. */
export interface Memory {
  get(device: Device): Trial | undefined
  set(trial: Trial): Trial
  save(): Promise<void>
}

const FILE = 'devices.json'
/** Models and drivers that are remembered; a machine has few. */
const MAX_REMEMBERED = 32

const Trials = v.record(
  v.string(),
  v.array(
    v.object({
      device: v.string(),
      deviceClass: v.string(),
      batch: v.pipe(v.number(), v.integer(), v.minValue(0)),
      perSecond: v.pipe(v.number(), v.minValue(0)),
      isChecked: v.boolean(),
      trouble: v.nullable(v.object({ code: v.string(), message: v.string() })),
    }),
  ),
)

/** @param fingerprint - of the runtime and the drivers: with another one nothing is remembered */
export async function openMemory(
  { model, encoder }: LoadedModel,
  fingerprint: string,
  cacheDir: string,
): Promise<Memory> {
  const path = join(cacheDir, FILE)
  const about = [VERSION, fingerprint, encoder.threads, ...model.files.map(({ sha256 }) => sha256)]
  const key = createHash('sha256').update(about.join('\n')).digest('hex')
  const all = await readTrials(path)
  const own = new Map((all[key] ?? []).map((trial) => [trial.device, trial]))
  let isChanged = false
  return {
    get: ({ name }) => own.get(name),
    set(trial) {
      own.set(trial.device, trial)
      isChanged = true
      return trial
    },
    async save() {
      if (!isChanged) return
      const { [key]: _, ...others } = await readTrials(path)
      const kept = Object.entries(others).slice(1 - MAX_REMEMBERED)
      await mkdir(cacheDir, { recursive: true })
      await writeFile(`${path}.new`, JSON.stringify(Object.fromEntries([...kept, [key, [...own.values()]]])))
      await rename(`${path}.new`, path)
    },
  }
}

/** What can't be read was never there: devices are tried again. */
async function readTrials(path: string): Promise<Record<string, Trial[]>> {
  try {
    return v.parse(Trials, JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return {}
  }
}
