/** One case of WebGPU, in a process whose environment names its driver; the last line of stdout is what came of it. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Score } from '../../../node/components.ts'
import { parseDevices } from '../../../node/score/device.ts'
import { loadModel } from '../../../node/score/load-model.ts'
import { openScorer } from '../../../node/score/score.ts'
import { openSteady } from '../../../node/score/steady-encoder.ts'
import { testPicture } from '../../../node/score/test-picture.ts'
import { makeShard } from '../audit/made-shard.ts'

const [, , what, directory] = process.argv as [string, string, keyof typeof CASES, string]
const SIDE = 32
const TEXTS = ['red flag', 'the green', 'a blue flag of the red']

async function scoreAll(device: string, cacheDir = join(directory, 'models')) {
  const tried: string[] = []
  const onTrial = (name: string) => tried.push(name)
  const scorer = await openScorer(directory, { cacheDir, threads: 1, device, onTrial })
  const scores: Score[] = []
  for (let round = 0; round < 5; round++)
    scores.push(
      ...(await Promise.all(
        Array.from({ length: 150 }, (_, i) =>
          scorer.score(testPicture((round + i) % 11, SIDE, SIDE), TEXTS[i % TEXTS.length]!),
        ),
      )),
    )
  const { deviceClass } = scorer
  const devices = scorer.devices()
  await scorer.close()
  return { deviceClass, devices, scores, tried }
}

function apart(a: Score[], b: Score[]): number {
  const strays = a.flatMap(({ similarity, embedding }, i) => [
    Math.abs(similarity - b[i]!.similarity),
    ...embedding.map((value, k) => Math.abs(value - b[i]!.embedding[k]!)),
  ])
  return Math.max(...strays)
}

const CASES = {
  async agree() {
    const cpu = await scoreAll('cpu')
    const one = await scoreAll('webgpu')
    const again = await scoreAll('webgpu')
    const two = await scoreAll('webgpu,webgpu')
    const told = ({ deviceClass, devices, tried, scores }: typeof cpu) => ({
      ...{ deviceClass, devices, tried },
      apart: apart(scores, cpu.scores),
    })
    return { one: told(one), again: told(again), two: told(two) }
  },

  async choose() {
    const first = await scoreAll('auto')
    const second = await scoreAll('auto')
    const remembered = JSON.parse(await readFile(join(directory, 'models/devices.json'), 'utf8'))
    return {
      ...{ deviceClass: first.deviceClass, tried: first.tried, triedAgain: second.tried },
      trials: Object.values(remembered).flat(),
    }
  },

  async refuse() {
    const error = await scoreAll('webgpu').catch((cause) => cause)
    return { code: error.code, message: error.message }
  },

  /** SwiftShader gives no buffer above 1 GiB. */
  async memory() {
    const { encoder } = await loadModel(directory, { cacheDir: directory, threads: 1 })
    const [device] = parseDevices('webgpu')
    const steady = await openSteady({ ...encoder, device: device!, batch: 100 })
    const bytes = 3 * 1024 * 1024
    const crops = new Uint8Array(100 * bytes)
    for (let i = 0; i < 100; i++) crops.fill((i * 5) % 251, i * bytes, (i + 1) * bytes)
    const texts = Array.from({ length: 100 }, () => 'red')
    const { similarities } = await steady.embedPairs(crops, texts)
    const { batch, trouble, device: last } = steady.standing()
    await steady.close()
    const plain = await openSteady({ ...encoder, batch: 4 })
    const few = await plain.embedPairs(crops.subarray(0, 4 * bytes), texts.slice(0, 4))
    await plain.close()
    const strays = few.similarities.map((value, i) => Math.abs(value - similarities[i]!))
    return { pairs: similarities.length, batch, trouble, device: last.name, apart: Math.max(...strays) }
  },

  async audit() {
    const made = await makeShard(undefined, 1, undefined, { model: directory, device: 'webgpu' })
    const scorer = await openScorer(directory, { cacheDir: directory, threads: 1 })
    const { findings } = await made.recheck(made.job, { ...made.parts, scorer })
    const { deviceClass, counts } = made.job.shard.manifest
    await scorer.close()
    await made.close()
    return {
      ...{ deviceClass, verifier: scorer.deviceClass, kept: counts.kept ?? 0 },
      findings: findings.map(({ finding, code }) => `${finding} ${code}`),
    }
  },
}

process.stdout.write(`\n${JSON.stringify(await CASES[what]())}\n`)
