import { suite } from 'uvu'
import { meetAdversaries } from './adversaries.ts'

// one of each way to be found out; all of them meet in adversaries.long.ts
const adversaries = suite('adversaries')
meetAdversaries(adversaries, ['scores', 'withhold', 'copy', 'dead', 'blind', 'slander'])
adversaries.run()
