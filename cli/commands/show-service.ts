import { existsSync } from 'node:fs'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { findService, succeeds } from '../service/manage-service.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { options, output } = context
  const service = findService(options)
  const installed = existsSync(service.path)
  const active = installed && (await succeeds(service.status))
  const answers = (await tryControl(context, 'status').catch(() => undefined)) !== undefined
  if (!installed) output.print(`No service is installed: ${suggest('service install', options.data)}`)
  else {
    output.print(`installed: ${service.path}`)
    output.print(active ? 'The system runs it.' : 'The system does not run it.')
  }
  output.print(answers ? `A node answers: ${suggest('status', options.data)}` : 'No node answers.')
  output.emit({ file: service.path, installed, active, answers })
}
