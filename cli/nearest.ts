/** Slips of the finger that may lie between a word and what was meant: a third of its letters. */
const SLIPS = 1 / 3

/** The name that is most like a mistyped word. @returns null where none is like it */
export function nearest(word: string, names: readonly string[]): string | null {
  // of a long word nothing is meant
  const typed = word.slice(0, 40)
  let found: string | null = null
  let least = Math.max(1, Math.floor(typed.length * SLIPS)) + 1
  for (const name of names) {
    const distance = typed.length > 2 && name.startsWith(typed) ? 1 : distanceOf(typed, name)
    if (distance < least) [found, least] = [name, distance]
  }
  return found
}

/** Letters to be put in, taken out, changed, or swapped with the next (Damerau and Levenshtein's), line by line. */
function distanceOf(a: string, b: string): number {
  let before: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 0; i < a.length; i++) {
    const line = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const isSwapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j]
      const swapped = isSwapped ? before[j - 1]! + 1 : Number.POSITIVE_INFINITY
      line.push(Math.min(above[j + 1]! + 1, line[j]! + 1, above[j]! + (a[i] === b[j] ? 0 : 1), swapped))
    }
    before = above
    above = line
  }
  return above.at(-1)!
}
