import type { Web } from '../components.ts'
import { checkDataDir, checkDisk, checkMemory, checkNode } from './check-machine.ts'
import { checkModel } from './check-model.ts'
import { checkPorts, checkReach } from './check-network.ts'
import { checkSources } from './check-sources.ts'
import type { Finding } from './finding.ts'

export type { Finding }

export interface Patient {
  dataDir: string
  /** bytes that it may take, or null */
  diskBytes: number | null
  contact: string | null
  /** a directory, `hf:…`, or null for the embedded model */
  model: string | null
  precision: string | null
  device: string
  threads: number
  offline: boolean
  /** keeps to this machine or LAN */
  local: boolean
  /** multiaddrs to listen at */
  listen: readonly string[]
  /** where it is to serve HTTP, by what: `gateway`, `dashboard`; not, where any port will do */
  places: readonly { what: string; host: string; port: number }[]
  /** addresses that its campaigns' archives begin with, and files of its own */
  sources: readonly string[]
  /** campaigns that it takes part in, or is to */
  campaigns: number
  /** of the daemon that runs there; null where none does */
  running: { addresses: readonly string[]; peers: number } | null
}

/**
 * Look into all that a node needs, one thing after the other; each is bounded in time. Nothing outside this machine is
 * asked but the archives' servers.
 *
 * @param clock - milliseconds since 1970, which is looked into as well
 * @param web - the way to the archives
 */
export async function* examine(
  patient: Patient,
  { web, clock, signal }: { web: Web; clock: () => number; signal: AbortSignal },
): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node)
  yield await checkDataDir(patient.dataDir)
  yield await checkDisk(patient)
  yield checkMemory()
  yield* checkModel(patient, signal)
  yield* checkSources(patient, { web, clock, signal })
  yield* checkPorts(patient)
  yield* checkReach(patient)
  yield checkContact(patient)
  yield checkCampaigns(patient)
}

function checkContact({ contact }: Patient): Finding {
  return contact === null
    ? {
        ...{ check: 'contact', state: 'warn', found: 'sites that are asked for pictures can not reach you' },
        command: 'config set contact ADDRESS',
      }
    : { check: 'contact', state: 'ok', found: contact }
}

function checkCampaigns({ campaigns }: Patient): Finding {
  return campaigns === 0
    ? {
        ...{ check: 'campaign', state: 'warn', found: 'it takes part in none, and has nothing to do' },
        command: 'config set campaign CID',
      }
    : { check: 'campaign', state: 'ok', found: `${campaigns} to work for` }
}
