import type { Command } from './command.ts'

/** Models. */
export const MODELS: Readonly<Record<string, Command>> = {}
