/** Asking the node. What changes anything bears the key that came with the page's address, of this start of the node. */
const KEY = 'shoal-token'
/** Milliseconds; a first search waits for the index. */
const WAIT_MS = 20_000

export class Refusal extends Error {
  constructor(code, message, status) {
    super(message)
    this.code = code
    this.status = status
  }
}

/** Take the key out of the address, where it would be kept in the history and be seen by whoever looks at the screen. @returns whether it was there */
export function takeToken() {
  const [, token] = /^#token=([\da-f]{64})$/.exec(location.hash) ?? []
  if (token === undefined) return false
  sessionStorage.setItem(KEY, token)
  history.replaceState(null, '', location.pathname)
  return true
}

/**
 * @param {string} path
 * @param {{ waitMs?: number }} [options]
 * @throws Refusal, where the node says no; what `fetch` throws, where nothing answers
 */
export async function get(path, { waitMs = WAIT_MS } = {}) {
  return read(await fetch(path, { signal: AbortSignal.timeout(waitMs) }))
}

/** @throws as `get` */
export async function post(path, body = {}) {
  const response = await fetch(path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${sessionStorage.getItem(KEY) ?? ''}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(WAIT_MS),
  })
  // that of another start of the node
  if (response.status === 401) sessionStorage.removeItem(KEY)
  return read(response)
}

async function read(response) {
  const answer = await response.json()
  if (response.ok) return answer
  const { code = 'unexpected', message = `the node answered ${response.status}` } = answer.error ?? {}
  throw new Refusal(code, message, response.status)
}
