import { join } from 'node:path'
import { openHome } from '../../../node/home.ts'
import { keepIndex } from '../../../node/search/keep-index.ts'
import { readRows } from '../../../node/search/read-rows.ts'

/** Brings the index of a data directory to what is there, in a process that may be killed meanwhile. */
const dataDir = process.argv[2]!
const home = await openHome(dataDir)
const index = keepIndex(
  home,
  readRows(home, () => new Map()),
  async () => ({ entries: new Map(), replaced: new Set<string>(), broken: [] }),
  {
    ...{ dir: join(dataDir, 'search'), threads: 1 },
    tell: (note) => process.send?.({ note }),
  },
)
await index.catchUp(() => process.send?.({ begun: true }))
process.send?.({ done: true })
await index.close()
await home.close()
