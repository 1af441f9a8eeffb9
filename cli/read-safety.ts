import { resolve } from 'node:path'
import type { Options } from './options.ts'

/** What is to be looked for in pictures, by `--tags` and `--head`. */
export function readSafety({ tags, head }: Options): { tags: string | null; heads: string[] } {
  return {
    tags: tags === undefined ? null : resolve(tags),
    heads: head?.split(',').map((directory) => resolve(directory)) ?? [],
  }
}
