/** Checks the rules of the house that tsc, biome and knip do not know; see check-rules.ts. */
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { checkFile, checkLock, countLines, type Finding, LONG_FILES } from './check-rules.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const paths = globSync('{protocol,node,cli,test,scripts}/**/*.{ts,mjs}', { cwd: root })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => !path.includes('node_modules/'))
  .sort()

const findings: Finding[] = []
const sizes: number[] = []
for (const path of paths) {
  const text = readFileSync(`${root}${path}`, 'utf8')
  sizes.push(countLines(text))
  findings.push(...checkFile(path, text))
}
findings.push(...checkLock('package-lock.json', readFileSync(`${root}package-lock.json`, 'utf8')))

for (const path of Object.keys(LONG_FILES))
  if (!paths.includes(path))
    findings.push({
      path: 'scripts/check-rules.ts',
      line: 1,
      message: `${path} is gone: take it out of LONG_FILES`,
    })

for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`)
const median = sizes.sort((a, b) => a - b)[sizes.length >> 1] ?? 0
console.log(`${paths.length} files, median ${median} lines, ${findings.length} findings`)
process.exitCode = findings.length > 0 ? 1 : 0
