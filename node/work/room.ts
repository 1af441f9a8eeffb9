/** A share of a limited amount of memory: taken before the bytes come, given back when they are gone. */
export interface Share {
  /** Hold so many bytes in all, as soon as there is room; those that ask earlier come first. */
  take(bytes: number): Promise<void>
  /** Hold no more than so many bytes from now on; 0 gives all back. */
  keep(bytes: number): void
}

/**
 * Whoever holds little and waits for more must not keep all others from ending: the limit has to be larger than
 * what all that wait can hold at once, and one of the greatest shares besides.
 *
 * @param limit - bytes that all shares may hold together
 */
export function openRoom(limit: number): { share(): Share } {
  const waiting: { more: number; admit: () => void }[] = []
  let free = limit

  function admit(): void {
    for (let first = waiting[0]; first !== undefined && first.more <= free; first = waiting[0]) {
      waiting.shift()
      free -= first.more
      first.admit()
    }
  }

  return {
    share() {
      let held = 0
      return {
        async take(bytes) {
          const more = Math.min(bytes, limit) - held
          if (more <= 0) return
          await new Promise<void>((resolve) => {
            waiting.push({ more, admit: resolve })
            admit()
          })
          held += more
        },
        keep(bytes) {
          const less = held - bytes
          if (less <= 0) return
          held -= less
          free += less
          admit()
        },
      }
    },
  }
}
