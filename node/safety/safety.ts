export type { ListHead } from './blocklist.ts'
export { type Blocklists, openBlocklists } from './blocklists.ts'
export { guardWeb, type OpenGate, openGate } from './gate.ts'
