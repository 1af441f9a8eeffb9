import { readFile } from 'node:fs/promises'
import type { PolicyRequest } from '../node/read-policy.ts'
import { ShoalError } from '../protocol/errors.ts'
import type { Options } from './options.ts'

/** @returns null for the campaign's own. @throws ShoalError `operators_unreadable` */
export async function readPolicy(options: Options): Promise<PolicyRequest | null> {
  const { quorum = null, operators: file, 'least-standing': leastStanding = null } = options
  if (quorum === null && file === undefined && leastStanding === null) return null
  return { quorum, leastStanding, operators: file === undefined ? null : await readPeers(file) }
}

/** A file of peers' ids, one a line; what follows a `#` is for people. @throws ShoalError `operators_unreadable` */
export async function readPeers(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new ShoalError('operators_unreadable', `${file} can't be read (${cause.message}): check the path`, {
      cause,
    })
  })
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
}
