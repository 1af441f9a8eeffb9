#!/usr/bin/env node
/**
 * The program as npm installs it: on a Node that is too old it goes on with the one that came along. Plain JavaScript,
 * for whatever Node the host has.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const LEAST_NODE = 24
/** That a supervisor may send to the process it started; a terminal sends them to both. */
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT']

const main = new URL('./main.js', import.meta.url)
const own = Number(process.versions.node.split('.')[0]) >= LEAST_NODE ? null : findNode()
if (own === null) await import(main.href)
else goOn(own)

/** @returns {string | null} the path of the Node that is among the packages */
function findNode() {
  try {
    const directory = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const path = join(directory, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(path) ? path : null
  } catch {
    return null
  }
}

/** @param {string} node */
function goOn(node) {
  const child = spawn(node, [...process.execArgv, fileURLToPath(main), ...process.argv.slice(2)], {
    stdio: 'inherit',
  })
  for (const signal of SIGNALS)
    process.on(signal, () => {
      // of Ctrl-C the terminal has told it already, and a second one would end it at once
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  child.on('error', (error) => {
    console.error(
      `error (node_version): ${node} does not start (${error.message}): install Node ${LEAST_NODE}`,
    )
    process.exitCode = 1
  })
  child.on('exit', (status, signal) => {
    if (signal === null) process.exit(status ?? 1)
    for (const name of SIGNALS) process.removeAllListeners(name)
    process.kill(process.pid, signal)
  })
}
