import { setTimeout as sleep } from 'node:timers/promises'
import type { DecodedImage } from '../../../node/components.ts'
import { startImages } from '../../../node/images/images.ts'
import { openWeb } from '../../../node/web/web.ts'
import { collect } from '../../../node/work/stages.ts'
import { PRESETS } from '../../../protocol/rules/presets.ts'

/** Collects pictures in a process of its own, with a decoder that takes its time. */
export interface Orders {
  /** of hosts that the pictures are on in turn */
  hosts: Record<string, string>
  pictures: number
  decodeMs: number
}

export interface Told {
  settled: number
  peakRssMiB: number
}

const { hosts, pictures, decodeMs } = JSON.parse(process.argv[2] as string) as Orders
const rules = PRESETS['laion-5b']
if (rules === undefined) throw new Error('no rules')
const names = Object.keys(hosts)
const web = openWeb({ hosts })
const images = startImages({
  ...{ threads: 1, userAgent: 'Shoal-test/1', web },
  politeness: { hostGapMs: 0 },
})

async function* tasks() {
  for (let n = 0; n < pictures; n++) {
    const url = `http://${names[n % names.length]}/${n}.jpg`
    const candidate = { url, ordinal: n, text: 'a picture', language: null, license: null, outcome: null }
    yield { page: { url: 'http://pages.example/' }, candidate }
  }
}

let settled = 0
let peak = 0
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 10)
await collect(
  tasks(),
  {
    rules,
    fetch: ({ candidate }, makeRoom) => images.fetch(candidate.url, undefined, makeRoom),
    images: {
      async decode(bytes) {
        await sleep(decodeMs)
        return {
          ok: true,
          image: {
            bytes: bytes.length,
            signals: [] as string[],
            crop: new Uint8Array(3),
            views: [] as Uint8Array[],
          } as DecodedImage,
        }
      },
    },
    scorer: {
      geometry: { mode: 'crop', resize: 1, width: 1, height: 1, kernel: 'cubic' },
      score: async () => ({ similarity: 1, embedding: new Float32Array(1) }),
    },
    settle: async (_, { outcome }) => {
      if (outcome === 'kept') settled++
    },
    onPassed() {},
  },
  { fetch: 512, decode: 6, score: 64 },
)
clearInterval(watch)
await images.close()
await web.close()
process.send?.({ settled, peakRssMiB: peak / 1024 / 1024 } satisfies Told)
process.disconnect?.()
