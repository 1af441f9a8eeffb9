/** Sweeps a data directory in a process of its own, that is to be killed: `node sweep-driver.ts DIR`. */
process.on('disconnect', () => process.exit(1))

import { openHome } from '../../../node/home.ts'
import { collect } from '../../../node/pins/pins.ts'

const home = await openHome(process.argv[2]!)
process.send!('begins')
const { freed } = await collect(home)
await home.close()
process.send!(freed.blocks)
process.disconnect()
