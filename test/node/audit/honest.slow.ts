import { suite } from 'uvu'
import { auditHonest } from './honest-shards.ts'
import { isHonest } from './is-honest.ts'

const honest = suite('honest shards')

honest('8 of them, after the web has changed: none is called forged, none is held', async () => {
  isHonest(await auditHonest(8, 1))
})

honest.run()
