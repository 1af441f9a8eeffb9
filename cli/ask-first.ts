import { availableParallelism } from 'node:os'
import { createInterface, type Interface } from 'node:readline/promises'
import { freeBytesAt } from '../node/disk-room.ts'
import { ShoalError } from '../protocol/errors.ts'
import { isContact } from '../protocol/records/campaign.ts'
import { readCampaigns } from './join-named.ts'
import { nameSetting } from './name-setting.ts'
import { OPTIONS, type Options } from './options.ts'
import { readValue, UsageError } from './parse.ts'

/** Values as the config file has them. */
export type Answers = Partial<Record<keyof Options, string>>

/** Answers that can't be meant, until it is given up. */
const TRIES = 5
/** What of the disk may be taken where the volunteer says nothing: half of what is free, and no more than this. */
const MOST_DISK_GB = 100

/**
 * Ask the three questions. Enter alone takes what stands in brackets.
 *
 * @param streams - a terminal's
 * @throws ShoalError `setup_given_up`; the signal's reason
 */
export async function askFirst(
  { input, output }: { input: NodeJS.ReadableStream; output: NodeJS.WritableStream },
  dataDir: string,
  signal: AbortSignal,
): Promise<Answers> {
  const lines = createInterface({ input, output })
  const gone = new AbortController()
  lines.on('close', () => gone.abort(new ShoalError('setup_given_up', 'the questions were not answered')))
  const ended = AbortSignal.any([signal, gone.signal])
  const ask: Ask = (question, read) => askUntil(lines, question, read, ended, (text) => output.write(text))
  try {
    output.write('Three questions; Enter takes what stands in [brackets].\n\n')
    output.write("1. What to work on: a campaign's CID, a WARC or WAT file of yours, or the demo\n")
    const campaign = await ask('   [demo] ', readCampaign)
    output.write('\n2. How much of this machine: all, half, nights (all of it, from 22 to 6),\n')
    output.write('   or as you like: threads=2 hours=22-6 bandwidth=2MB disk=50GB\n')
    const half = await halve(dataDir)
    const limits = await ask('   [half] ', (text) => readLimits(text, half))
    output.write('\n3. An e-mail or https address by which sites that are asked for pictures reach you\n')
    const contact = await ask('   [none] ', readContact)
    output.write('\n')
    return { ...campaign, ...limits, ...contact }
  } finally {
    lines.close()
  }
}

type Ask = (question: string, read: (text: string) => Answers) => Promise<Answers>

async function askUntil(
  lines: Interface,
  question: string,
  read: (text: string) => Answers,
  signal: AbortSignal,
  complain: (text: string) => void,
): Promise<Answers> {
  for (let tries = 1; ; tries++)
    try {
      return read((await lines.question(question, { signal })).trim())
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof UsageError) || tries === TRIES) throw error
      complain(`   ${error.message}\n`)
    }
}

/** `CID`, or `CID MULTIADDR` where a node has to be called first. */
function readCampaign(text: string): Answers {
  if (text === '') return { campaign: 'demo' }
  const [, before, peer] = /^(\S+)\s+(\/\S+)$/.exec(text) ?? []
  const campaign = before ?? text
  const { files, cids } = readCampaigns(campaign)
  return {
    // found again from wherever it is started
    campaign: files.length > 0 ? [...files, ...cids].join(',') : campaign,
    ...(peer === undefined ? {} : { peer }),
  }
}

function readLimits(text: string, half: Answers): Answers {
  if (text === '' || /^half$/i.test(text)) return half
  if (/^all$/i.test(text)) return {}
  if (/^nights?$/i.test(text)) return { hours: '22-6' }
  return Object.fromEntries(
    text.split(/[\s,]+/).map((word) => {
      const [, typed, value] = /^(?:--)?([a-z]+)=(\S+)$/.exec(word) ?? []
      if (typed === undefined)
        throw new UsageError(`${JSON.stringify(word)}: say all, half, nights, or as threads=2`)
      const name = nameSetting(typed, 'How much of this machine')
      readValue(name, OPTIONS[name], value!)
      return [name, value!]
    }),
  )
}

function readContact(text: string): Answers {
  if (text === '' || /^none$/i.test(text)) return {}
  if (isContact(text)) return { contact: text }
  throw new UsageError('an e-mail or https address, as me@mail.example')
}

async function halve(dataDir: string): Promise<Answers> {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / 2)))
  const free = ((await freeBytesAt(dataDir)) ?? 0) / 1e9
  const disk = Math.min(MOST_DISK_GB, Math.floor(free / 2))
  return disk >= 1 ? { threads, disk: `${disk}GB` } : { threads }
}
