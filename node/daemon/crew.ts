export interface Crew {
  /** Have so many at work from now on. Those that are too many go after the turn that they are at. */
  limit(size: number): void
  /** No more turns. */
  end(): void
  /** settles when all have gone; rejects with the first fault */
  readonly ended: Promise<void>
}

/**
 * So many at work at once, each of them at one turn after the other.
 *
 * @param onFault - told when a turn has thrown; it is expected to end the crew
 */
export function startCrew(size: number, turn: () => Promise<void>, onFault: () => void): Crew {
  let wanted = size
  let running = 0
  let ending = false
  let fault: unknown = null
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()

  async function work(): Promise<void> {
    running++
    try {
      while (!ending && running <= wanted) await turn()
    } catch (error) {
      fault ??= error
      onFault()
    }
    running--
    settle()
  }
  function settle(): void {
    if (!ending || running > 0) return
    if (fault === null) resolve()
    else reject(fault)
  }
  function employ(): void {
    while (!ending && running < wanted) void work()
  }
  employ()
  return {
    limit(size) {
      wanted = size
      employ()
    },
    end() {
      ending = true
      // nobody may be at work
      settle()
    },
    ended,
  }
}
