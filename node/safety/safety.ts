export type { ListHead } from './blocklist.ts'
export { type Blocklists, openBlocklists } from './blocklists.ts'
export { guardWeb, makeGate } from './gate.ts'
