import type { CheatName } from '../../../cli/demo/cheats/cheats.ts'
import { ADVERSARIES, meetAdversaries } from './adversaries.ts'

meetAdversaries('all adversaries', Object.keys(ADVERSARIES) as CheatName[]).run()
