import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Asked } from '../../node/requests/requests.ts'
import type { Context } from '../declarations.ts'
import { UsageError } from '../parse.ts'
import { manageRequests, showRequest } from '../requests.ts'
import { suggest } from '../suggest.ts'

const KINDS = { origin: 'origin', url: 'url', image: 'image', uid: 'pair' } as const

export async function run(context: Context): Promise<void> {
  const { options, output } = context
  const asked = await readAsked(context)
  const { reason = 'privacy', contact = null, data } = options
  const state = await manageRequests(context, 'ask', { asked, reason, contact })
  const receipt = await manageRequests(context, 'receipt', state.request)
  const path = resolve(options.out ?? `shoal-receipt-${state.request}.json`)
  await writeFile(path, receipt, { flag: options.out === undefined ? 'wx' : 'w' })
  showRequest(output, state, data)
  output.print(`The signed receipt is in ${path}`)
  output.print(`What became of it: ${suggest(`removals status ${state.request}`, data)}`)
  output.emit({ ...state, receipt: path })
}

async function readAsked({ options }: Context): Promise<Asked[]> {
  const names = Object.keys(KINDS) as (keyof typeof KINDS)[]
  const given = names.filter((name) => options[name] !== undefined)
  if (given.length === 0)
    throw new UsageError(`optout needs at least one of ${names.map((name) => `--${name}`).join(', ')}`)
  return Promise.all(
    given.map(async (name) => ({
      kind: KINDS[name],
      value: name === 'image' ? await hashFile(options.image!) : options[name]!,
    })),
  )
}

/** The picture stays here: its hash alone is told. */
async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
