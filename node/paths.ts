import { join, resolve } from 'node:path'
import envPaths from 'env-paths'

/**
 * Where a node keeps everything it owns: `--data`, else `SHOAL_HOME`, else the platform's place for an application's
 * data (`~/.local/share/shoal`, `~/Library/Application Support/shoal`, `%LOCALAPPDATA%\shoal\Data`).
 *
 * @returns an absolute path; the directory may not exist yet
 */
export function findDataDir(option?: string, env: NodeJS.ProcessEnv = process.env): string {
  return resolve(option || env.SHOAL_HOME || envPaths('shoal', { suffix: '' }).data)
}

/** Where the log of a node goes. */
export function logFile(dataDir: string): string {
  return join(dataDir, 'shoal.log')
}
