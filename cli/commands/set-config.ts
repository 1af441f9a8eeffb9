import { findConfig, saveConfig } from '../config.ts'
import type { Context } from '../declarations.ts'
import { nameSetting } from '../name-setting.ts'

export async function run({ args, options, output }: Context): Promise<void> {
  const [typed, value] = args as [string, string]
  const name = nameSetting(typed)
  const file = findConfig(options)
  await saveConfig(file, { [name]: value })
  output.print(`${name} is ${value} from the next start on; it stands in`)
  output.print(`  ${file}`)
  output.emit({ name, value, file })
}
