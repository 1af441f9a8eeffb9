import { findConfig, saveConfig } from '../config.ts'
import type { Context } from '../declarations.ts'
import { nameSetting } from '../name-setting.ts'

export async function run({ args, options, output }: Context): Promise<void> {
  const name = nameSetting(args[0]!)
  const file = findConfig(options)
  await saveConfig(file, { [name]: null })
  output.print(`${name} is as usual from the next start on; ${file} does not give it any more`)
  output.emit({ name, value: null, file })
}
