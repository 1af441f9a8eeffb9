export { tallyRows as default } from './tally-rows.ts'
