/**
 * Installs what a fresh or outdated checkout lacks, and is silent and quick where nothing is due.
 * It runs before every npm script, under whatever Node the host has, so it is plain JavaScript. Afterwards
 * npm finds the project's own Node in `node_modules/.bin`, which stands first on its PATH.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LEAST_NODE = 20
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @returns {string | null} why an installation is due, or null */
function findReason() {
  const bin = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  // npm writes its own lock file last: where it is missing, an installation was broken off
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (installed === null || !existsSync(bin)) return 'the packages are not installed yet'
  const wanted = readPackages(join(root, 'package-lock.json'))
  if (wanted === null)
    fail('package-lock.json is missing or broken: get it back with `git checkout package-lock.json`')
  for (const [path, entry] of Object.entries(wanted)) {
    // packages for other platforms are optional and absent
    if (path === '' || ((entry.optional || entry.devOptional) && !installed[path])) continue
    if (installed[path]?.version !== entry.version || installed[path]?.integrity !== entry.integrity)
      return `package-lock.json has changed (${path.replace(/^.*node_modules\//, '')})`
  }
  return null
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null
  } catch {
    return null
  }
}

function install() {
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  // standard output belongs to the command that follows: npm's own words go to standard error
  const options = { cwd: root, stdio: ['ignore', 2, 2] }
  const npm = process.env.npm_execpath
  // the Node that runs this script may lie in node_modules, which `npm ci` removes first: use the one npm runs on
  const node = process.env.npm_node_execpath ?? process.execPath
  return npm?.endsWith('.js')
    ? spawnSync(node, [npm, ...args], options)
    : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' })
}

function fail(message) {
  console.error(`setup: ${message}`)
  process.exit(1)
}

if (Number(process.versions.node.split('.')[0]) < LEAST_NODE)
  fail(
    `Node ${LEAST_NODE} or newer is needed, this is ${process.versions.node}: get one from https://nodejs.org`,
  )

const reason = findReason()
if (reason !== null) {
  console.error(`setup: ${reason}; installing them takes about a minute`)
  const { status, error } = install()
  if (error) fail(`npm does not start (${error.message}): install npm, or put it on the PATH, and try again`)
  if (status !== 0)
    fail(
      'npm could not install the packages; its own lines above say why. ' +
        'The npm registry must be within reach once (`npm ping` tells); behind a proxy, set HTTPS_PROXY. Then try again',
    )
  const still = findReason()
  if (still !== null) fail(`after the installation ${still}: remove node_modules and try again`)
}
