import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** Where onnxruntime's own libraries lie: it looks for a provider's beside its own. */
export function runtimeDirectory(): string {
  const root = dirname(require.resolve('onnxruntime-node/package.json'))
  return join(root, 'bin', 'napi-v6', platform(), arch())
}

export function runtimeVersion(): string {
  return (require('onnxruntime-node/package.json') as { version: string }).version
}
