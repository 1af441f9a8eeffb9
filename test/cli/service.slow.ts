import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { runShoal } from './run-shoal.ts'

const service = suite('the commands of a service')
const LIMIT_MS = 60_000

service('install, status and remove tell systemd, in this order', async () => {
  if (process.platform !== 'linux') return console.log('skipped: this is no Linux')
  const dir = mkdtempSync(join(tmpdir(), 'shoal-service-'))
  try {
    const told = join(dir, 'told')
    const bin = join(dir, 'bin')
    mkdirSync(bin)
    writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$@" >> '${told}'\n[ "$2" != is-active ]\n`)
    chmodSync(join(bin, 'systemctl'), 0o755)
    const env = { HOME: dir, SHOAL_HOME: join(dir, 'data'), PATH: `${bin}:${process.env.PATH}` }
    const run = async (line: string) => {
      const { status, stdout, stderr } = await runShoal([...line.split(' '), '--json'], env, LIMIT_MS)
      assert.is(status, 0, stderr)
      return JSON.parse(stdout.trim().split('\n').at(-1)!)
    }
    const printed = await run('service install --print')
    assert.is((await run('service status')).installed, false)
    assert.throws(() => readFileSync(told), /ENOENT/)
    const { file } = await run('service install')
    assert.is(readFileSync(file, 'utf8'), printed.text)
    assert.match(printed.text, new RegExp(`start --data ${dir}/data\n`))
    assert.equal(await run('service status'), { file, installed: true, active: false, answers: false })
    await run('service remove')
    assert.throws(() => readFileSync(file), /ENOENT/)
    assert.equal(readFileSync(told, 'utf8').trim().split('\n'), [
      ...[
        '--user daemon-reload',
        '--user enable --now shoal.service',
        '--user is-active --quiet shoal.service',
      ],
      ...['--user disable --now shoal.service', '--user daemon-reload'],
    ])
    writeFileSync(join(bin, 'systemctl'), '#!/bin/sh\necho "no bus here" >&2\nexit 1\n')
    const { status, stderr } = await runShoal(['service', 'install'], env, LIMIT_MS)
    assert.is(status, 1)
    assert.match(
      stderr,
      /^error \(service_command\): .*shoal\.service is written, but systemctl .*no bus here/,
    )
  } finally {
    rmSync(dir, { recursive: true })
  }
})

service.run()
