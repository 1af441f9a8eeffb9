/** Makes dist/, which is what the package publishes: Node runs no TypeScript under node_modules. */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)

// what the program reads at run time beside its code: the embedded model, the demo crawl
for (const path of globSync('{node,cli}/**/*', { cwd: root, withFileTypes: true }))
  if (path.isFile() && !path.name.endsWith('.ts')) {
    const file = join(path.parentPath, path.name)
    cpSync(file, join(dist, file.slice(root.length)))
  }
chmodSync(join(dist, 'cli', 'shoal.mjs'), 0o755)
