import { move, transferableSymbol, valueSymbol } from 'piscina'

/** A task's answer that hands over the memory of views within it, each its own, instead of copying it. */
export function moving<T>(answer: T, ...views: Uint8Array[]): T {
  const buffers = views.map(({ buffer }) => buffer)
  return move({ [transferableSymbol]: buffers, [valueSymbol]: answer } as never) as T
}
