import { meetAdversaries } from './adversaries.ts'

// the others are met by `npm run test:slow`
meetAdversaries('some adversaries', ['rows', 'slander']).run()
