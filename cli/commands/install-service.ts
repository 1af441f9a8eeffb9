import { existsSync } from 'node:fs'
import { findConfig } from '../config.ts'
import type { Context } from '../declarations.ts'
import { findService, installService } from '../service/manage-service.ts'
import { suggest } from '../suggest.ts'

export async function run({ options, output }: Context): Promise<void> {
  const service = findService(options)
  const { path, text, install, hints } = service
  if (options.print) {
    output.print(text.replace(/^\ufeff/, '').trimEnd())
    return output.emit({ file: path, text, commands: install, installed: false })
  }
  await installService(service)
  output.print('The node runs now, and begins by itself from now on. What the system knows of it:')
  output.print(`  ${path}`)
  for (const [i, hint] of hints.entries()) output.print(i === 0 ? hint : `  ${hint}`)
  if (!existsSync(findConfig(options)))
    output.print(`It has no settings yet: ${suggest('setup', options.data)}`)
  output.print(`How it gets on: ${suggest('service status', options.data)}`)
  output.emit({ file: path, text, commands: install, installed: true })
}
