import { settleAll } from '../config.ts'
import type { Context } from '../declarations.ts'
import { suggest } from '../suggest.ts'
import { shorten } from '../table.ts'

const VALUE_WIDTH = 30

const DEFAULT = 'default'

export async function run(context: Context): Promise<void> {
  const { output, options } = context
  const { path, isThere, settled } = settleAll(context)
  output.table(
    [{ title: 'setting' }, { title: 'value' }, { title: 'from' }],
    settled.map(({ setting, value, from, line }) => [
      setting.name,
      shorten(value ?? setting.otherwise, VALUE_WIDTH),
      line === null ? (from ?? DEFAULT) : `config file, line ${line}`,
    ]),
  )
  output.print()
  output.print(isThere ? 'The config file is' : 'There is no config file yet; it would be')
  output.print(`  ${path}`)
  output.print(`To change one: ${suggest('config set NAME VALUE', options.data)}`)
  output.emit({
    ...{ file: path, exists: isThere },
    settings: settled.map(({ setting, ...found }) => ({ name: setting.name, ...found })),
  })
}
