import { ShoalError } from '../../protocol/errors.ts'

/** @returns the code a piece of work fails with, or null where it succeeds; anything but a ShoalError is thrown on */
export async function codeOf(work: () => unknown): Promise<string | null> {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof ShoalError) return error.code
    throw error
  }
}
