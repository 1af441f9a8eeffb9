/**
 * A node in a process of its own that gives what lies in its data directory, badly if it is told to: some blocks slowly,
 * or with bytes flipped. It ends with the process that started it.
 */
process.on('disconnect', () => process.exit(1))
if (!process.connected) process.exit(1)

import { setTimeout as sleep } from 'node:timers/promises'
import { startDaemon } from '../../../node/daemon/daemon.ts'
import { openLog } from '../../../node/log.ts'
import { startNetwork } from '../../../node/network/network.ts'
import { CODECS } from '../../../protocol/codec.ts'

export interface ServeOrders {
  dataDir: string
  peers: string[]
  /** bytes of files are flipped */
  corrupts: boolean
  /** milliseconds for a block of a file */
  ms: number
}

const { dataDir, peers, corrupts, ms } = JSON.parse(process.argv[2]!) as ServeOrders
const daemon = await startDaemon({
  ...{ dataDir, peers, clock: Date.now, log: openLog('debug', { file: `${dataDir}.log` }) },
  ...{ hours: null, segments: 1, threads: 1, withoutWork: true, withoutAudits: true, offline: true },
  ...{ diskBytes: null, bytesPerSecond: null, model: null, precision: null, loopback: { hosts: {} } },
  ...{ listen: ['/ip4/127.0.0.1/tcp/0'], local: true },
  startNetwork: (options) =>
    startNetwork({
      ...options,
      blocks: {
        has: (cid) => options.blocks.has(cid),
        async *get(cid) {
          for await (const bytes of options.blocks.get(cid)) {
            if (cid.code !== CODECS.raw) yield bytes
            else {
              await sleep(ms)
              const sent = Uint8Array.from(bytes)
              if (corrupts) sent[sent.length >> 1]! ^= 1
              yield sent
            }
          }
        },
      },
    }),
})
const { peerId, addresses } = await daemon.status()
process.send!({ peerId, address: addresses[0]! })
