import type { Context } from '../declarations.ts'
import { findService, removeService } from '../service/manage-service.ts'

export async function run({ options, output }: Context): Promise<void> {
  const service = findService(options)
  await removeService(service)
  output.print('The node begins by itself no more, and has been stopped. What it keeps is as it was.')
  output.emit({ file: service.path, removed: true })
}
