/** What a shard's state is called, and the kind of its chip. */
const STATES = {
  verified: ['Verified', 'good'],
  unaudited: ['Not judged yet', 'dim'],
  held: ['Held back', 'warn'],
  disputed: ['Disputed', 'warn'],
  refused: ['Refused', 'bad'],
  local: ['This machine’s own', 'dim'],
}

/** @param {string} state @returns {[string, string]} */
export function nameState(state) {
  return STATES[state] ?? [state, 'dim']
}
