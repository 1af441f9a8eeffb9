import { move, transferableSymbol, valueSymbol } from 'piscina'

/** A task's answer that hands over the memory of a view within it instead of copying it. */
export function moving<T>(answer: T, view: Uint8Array): T {
  return move({ [transferableSymbol]: [view.buffer], [valueSymbol]: answer } as never) as T
}
