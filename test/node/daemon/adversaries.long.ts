import { suite } from 'uvu'
import type { CheatName } from '../../../cli/demo/cheats/cheats.ts'
import { ADVERSARIES, meetAdversaries } from './adversaries.ts'

const adversaries = suite('all adversaries')
meetAdversaries(adversaries, Object.keys(ADVERSARIES) as CheatName[])
adversaries.run()
