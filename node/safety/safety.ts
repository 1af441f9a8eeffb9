export type { ListHead, ListSets } from './blocklist.ts'
export { type Blocklists, openBlocklists } from './blocklists.ts'
export { guardWeb, type OpenGate, openGate } from './gate.ts'
export { uniteLists } from './listed.ts'
