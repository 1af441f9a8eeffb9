import type { Context } from '../declarations.ts'
import { manageRequests, showRequest } from '../requests.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const state = await manageRequests(context, 'prove', args[0]!)
  for (const { host, proof, said } of state.found) {
    output.heading(`${host}: ${proof === 'none' ? 'no proof was found' : 'proven'}`)
    output.print(`  DNS: ${said.dns}`)
    output.print(`  file: ${said.wellKnown}`)
    output.print(`  signals: ${said.recheck}`)
  }
  showRequest(output, state, options.data)
  output.emit(state)
}
