import { suite } from 'uvu'
import { meetAdversaries } from './adversaries.ts'

const adversaries = suite('some adversaries')
// the others are met by `npm run test:long`
meetAdversaries(adversaries, ['rows', 'slander'])
adversaries.run()
