import { suite } from 'uvu'
import { meetAdversaries } from './adversaries.ts'

const adversaries = suite('an adversary')
// the others are met by `npm run test:long`
meetAdversaries(adversaries, ['slander'])
adversaries.run()
