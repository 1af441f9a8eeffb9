import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { examine, type Finding, type Patient } from '../../node/doctor/doctor.ts'
import type { CampaignStanding } from '../../node/manage-campaigns.ts'
import { findDataDir } from '../../node/paths.ts'
import { openWeb } from '../../node/web/web.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { manage } from '../campaigns.ts'
import { cleanLine } from '../clean.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { nameModel, readCampaigns } from '../join-named.ts'
import { parsePlace } from '../parse-place.ts'
import { readListen } from '../read-listen.ts'
import { suggest } from '../suggest.ts'
import { layOut } from '../table.ts'

const STATES = { ok: 'ok', warn: 'look', fail: 'MEND', unknown: '?' } as const

export async function run(context: Context): Promise<void> {
  const { options, output, signal } = context
  const patient = await describe(context)
  const web = openWeb()
  const findings: Finding[] = []
  try {
    for await (const finding of examine(patient, { web, clock: Date.now, signal })) {
      findings.push(finding)
      show(finding)
    }
  } finally {
    await web.close()
  }
  function show({ check, state, found, advice, command }: Finding): void {
    const told = command === undefined ? advice : suggest(command, options.data)
    const lines = [cleanLine(found), ...(told === undefined ? [] : [`→ ${told}`])]
    const laidOut = layOut(
      [{ title: '' }, { title: '' }, { title: '' }],
      lines.map((line, i) =>
        i === 0 ? [STATES[state].padEnd(4), check.padEnd(9), line] : ['', ' '.repeat(9), line],
      ),
    )
    for (const line of laidOut) output.print(line)
  }
  const bad = findings.filter(({ state }) => state === 'fail')
  output.emit({
    ok: bad.length === 0,
    findings: findings.map((finding) => ({ advice: null, command: null, ...finding })),
  })
  if (bad.length > 0)
    throw new ShoalError(
      'doctor_found',
      `${bad.map(({ check }) => check).join(', ')}: to be mended before this node works`,
    )
}

async function describe(context: Context): Promise<Patient> {
  const { options } = context
  const dataDir = findDataDir(options.data)
  const named = readCampaigns(options.campaign)
  const running = (await tryControl(context, 'status').catch(() => undefined)) ?? null
  // a node that never ran has none, and is not to be made
  const wasHere = running !== null || existsSync(join(dataDir, 'db'))
  const joined = wasHere ? await (manage(context, 'list', null) as Promise<CampaignStanding[]>) : []
  const isNew = (cid: string) => !joined.some(({ campaign }) => campaign === cid)
  const isOwn = named.demo || named.files.length > 0
  const places = (['gateway', 'dashboard'] as const).flatMap((what) => {
    const place = parsePlace(what, options[what])
    return place === null || place.orAny ? [] : [{ what, ...place }]
  })
  return {
    ...{ dataDir, diskBytes: options.disk ?? null, contact: options.contact ?? null },
    ...{ model: nameModel(options.model), precision: options.precision ?? null },
    ...{ device: options.device ?? 'auto', threads: options.threads ?? availableParallelism() },
    ...{ offline: options.offline, local: options.local || named.demo },
    ...{ listen: readListen(options), places },
    sources: [
      ...named.files,
      ...new Set(joined.flatMap(({ sources }) => sources.map(({ base }) => base))),
    ].filter(Boolean),
    campaigns: Math.max(joined.length, isOwn ? 1 : 0) + named.cids.filter(isNew).length,
    running,
  }
}
