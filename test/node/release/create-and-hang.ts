/** `DIR CAMPAIGN STAGE`: makes a release, says so when that stage has begun, and goes no further. */
import { CID } from 'multiformats/cid'
import { createRelease } from '../../../node/release/release.ts'
import { clock, openNode, UNHEARD } from './made-campaign.ts'

const [dir, campaign, stage] = process.argv.slice(2) as [string, string, string]
const node = await openNode(dir)
node.removals.connect(UNHEARD)
await createRelease(
  { ...node, clock },
  { campaign: CID.parse(campaign), policy: null, removals: null, validDays: 30 },
  {
    onProgress(stages) {
      if (!stages.some((one) => one.stage === stage && one.done > 0)) return
      process.stdout.write('here\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    },
  },
)
