import type { Command } from './command.ts'

/** This machine: first run, settings, models, devices, speed. */
export const MACHINE: Readonly<Record<string, Command>> = {}
