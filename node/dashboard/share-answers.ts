import { LRUCache } from 'lru-cache'

/** Milliseconds that an answer stands. */
const STANDS_MS = 1_000
const MAX_ANSWERS = 32

/** What several windows ask for at the same time is found once for all of them. */
export function shareAnswers() {
  const underWay = new Map<string, Promise<unknown>>()
  const found = new LRUCache<string, object>({ max: MAX_ANSWERS, ttl: STANDS_MS })

  /** @param key - the same for what is the same */
  return async <T extends object>(key: string, find: () => Promise<T>): Promise<T> => {
    const known = found.get(key) as T | undefined
    if (known) return known
    const finding = (underWay.get(key) as Promise<T> | undefined) ?? find()
    underWay.set(key, finding)
    try {
      const answer = await finding
      found.set(key, answer)
      return answer
    } finally {
      underWay.delete(key)
    }
  }
}
