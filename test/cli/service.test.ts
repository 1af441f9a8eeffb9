import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { describeService, type ServiceRequest } from '../../cli/service/service.ts'

const service = suite('a service of the system')
const LIMIT_MS = 30_000

const REQUEST: ServiceRequest = {
  program: ['/opt/my node/bin/node', '/opt/shoal/main.js'],
  args: ['start', '--data', '/home/a & b/100%/$HOME "x"'],
  ...{ home: '/home/me', env: {}, uid: 1000, errorFile: '/home/me/<data>/service.err' },
}

service('systemd gets a unit of the user, whose command is taken as it is meant', () => {
  const { path, text, install } = describeService('linux', REQUEST)
  assert.is(path, '/home/me/.config/systemd/user/shoal.service')
  assert.match(
    text,
    /^ExecStart="\/opt\/my node\/bin\/node" \/opt\/shoal\/main\.js start --data "\/home\/a & b\/100%%\/\$\$HOME \\"x\\""$/m,
  )
  assert.match(text, /^Restart=on-failure$/m)
  assert.match(text, /^NoNewPrivileges=yes$/m)
  assert.equal(install.at(-1), ['systemctl', '--user', 'enable', '--now', 'shoal.service'])
})

service('systemd itself finds nothing wrong with the unit', () => {
  if (spawnSync('systemd-analyze', ['--version']).status !== 0)
    return console.log('skipped: there is no systemd-analyze here')
  const dir = mkdtempSync(join(tmpdir(), 'shoal-service-'))
  try {
    const path = join(dir, 'shoal.service')
    const { text } = describeService('linux', {
      ...REQUEST,
      program: [process.execPath, '/opt/shoal/main.js'],
    })
    for (const [written, isGood] of [
      [text, true],
      [text.replace('Type=exec', 'Type=what'), false],
    ] as const) {
      writeFileSync(path, written)
      const env = { ...process.env, XDG_RUNTIME_DIR: dir, SYSTEMD_COLORS: '0' }
      const { stderr } = spawnSync('systemd-analyze', ['verify', '--user', path], { env, timeout: LIMIT_MS })
      assert.is(
        String(stderr)
          .split('\n')
          .filter((line) => line.includes('shoal.service')).length === 0,
        isGood,
        String(stderr),
      )
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
})

service('launchd gets a property list of an agent', () => {
  const { path, text, install, status } = describeService('darwin', REQUEST)
  assert.is(path, '/home/me/Library/LaunchAgents/org.shoal.node.plist')
  const words = [...text.matchAll(/^ {4}<string>(.*)<\/string>$/gm)].map(([, word]) => word)
  assert.equal(words.slice(0, 3), ['/opt/my node/bin/node', '/opt/shoal/main.js', 'start'])
  assert.is(words.at(-1), '/home/a &amp; b/100%/$HOME &quot;x&quot;')
  assert.match(text, /<string>\/home\/me\/&lt;data&gt;\/service\.err<\/string>/)
  assert.equal(install, [['launchctl', 'bootstrap', 'gui/1000', path]])
  assert.equal(status, ['launchctl', 'print', 'gui/1000/org.shoal.node'])
})

service('the Task Scheduler gets a task, in UTF-16', () => {
  const { text, encoding, install } = describeService('win32', {
    ...REQUEST,
    program: ['C:\\Program Files\\node.exe', 'C:\\shoal\\main.js'],
    args: ['start', '--data', 'C:\\my data\\', 'a"b'],
    env: { LOCALAPPDATA: 'C:\\Local' },
  })
  assert.is(encoding, 'utf16le')
  assert.ok(text.startsWith('\ufeff<?xml version="1.0" encoding="UTF-16"?>'))
  assert.match(text, /<Command>C:\\Program Files\\node\.exe<\/Command>/)
  assert.ok(
    text.includes(
      '<Arguments>C:\\shoal\\main.js start --data &quot;C:\\my data\\\\&quot; &quot;a\\&quot;b&quot;</Arguments>',
    ),
    text,
  )
  assert.is(install[0]!.includes('/XML'), true)
})

service('elsewhere it says what to run', () => {
  assert.throws(() => describeService('aix', REQUEST), /service_platform|services of aix/)
})

service.run()
