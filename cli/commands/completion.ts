import { COMPLETIONS } from '../completions.ts'
import type { Context } from '../declarations.ts'
import { UsageError } from '../parse.ts'

export async function run({ args, output }: Context): Promise<void> {
  const [shell = ''] = args
  const script = COMPLETIONS[shell]
  if (script === undefined)
    throw new UsageError(
      `no completion for ${JSON.stringify(shell.slice(0, 60))}; one of ${Object.keys(COMPLETIONS).join(', ')}`,
    )
  output.emit({ shell, script })
  for (const line of script.trim().split('\n')) output.print(line)
}
