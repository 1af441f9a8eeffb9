import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { saveConfig, saveLimits, settle, settleAll } from '../../cli/config.ts'
import { readConfig, writeConfig } from '../../cli/config-file.ts'
import { COMMANDS } from '../../cli/declarations.ts'
import { parse } from '../../cli/parse.ts'
import { SETTINGS, variableOf } from '../../cli/settings.ts'
import { ShoalError } from '../../protocol/errors.ts'

const config = suite('the config file')
const ALL = Object.values(SETTINGS).flat()
let dir: string
let path: string

config.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'shoal-config-'))
  path = join(dir, 'config.toml')
})
config.after.each(() => rmSync(dir, { recursive: true }))

function invoke(line: string) {
  const invocation = parse([...line.split(' ').filter(Boolean), '--data', dir])
  if (invocation.show !== 'command') throw new Error('no command')
  return invocation
}

function fault(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof ShoalError) return `${error.code}: ${error.message}`
  }
  return 'none'
}

const optionsOf = (line: string, env = {}) => settle(invoke(line), env).options

config('each option of start is a setting, but for those that say where settings are', () => {
  const others = ['config', 'data', 'json', 'verbose']
  const options = COMMANDS.start!.options.filter((option) => !others.includes(option))
  assert.equal(ALL.map(({ name }) => name).sort(), [...options].sort())
})

config('the command line goes before the environment, that before the file', () => {
  writeFileSync(path, 'threads = 3\nsegments = 4\nhours = "1-2"\nlocal = true\n')
  const env = { SHOAL_THREADS: '5', SHOAL_SEGMENTS: '6', SHOAL_OFFLINE: 'true', SHOAL_HOURS: '' }
  const { threads, segments, hours, local, offline } = optionsOf('start --threads 7 --no-local', env)
  assert.equal([threads, segments, hours, local, offline], [7, 6, '1-2', false, true])
})

config('commands that run no node keep to what is of everywhere', () => {
  writeFileSync(path, 'campaign = "bafy"\nthreads = 3\ncontact = "me@mail.example"\n')
  assert.is(optionsOf('search --text x').campaign, undefined)
  const { threads, contact } = optionsOf('crawl a.warc')
  assert.equal([threads, contact], [3, 'me@mail.example'])
})

config('lists are read as the command line has them, with commas', () => {
  writeFileSync(path, 'campaign = [\n  "a", # one\n  "b",\n]\n')
  assert.is(optionsOf('start').campaign, 'a,b')
})

config('what is not understood is named by file and line', () => {
  const cases: [string, RegExp][] = [
    ['# one\n\nthread = 2\n', /^config_unknown: .*config\.toml:3: .*"thread": is threads meant\?/],
    ['threads = 2\nhours = 22-6\n', /^config_syntax: .*config\.toml:2: /],
    ['threads = "many"\n', /^usage: .*config\.toml:1: threads "many" is not a whole number/],
    ['\nlocal = "yes"\n', /^usage: .*config\.toml:2: local "yes" is neither true nor false/],
    ['disk = "2Mb"\n', /^size_invalid: .*config\.toml:1: disk/],
    ['[start]\nthreads = 2\n', /^config_unknown: .*config\.toml:1: .*"start"/],
    ['peer = [["a"]]\n', /^config_value: .*config\.toml:1: peer/],
    ['kind = "zip"\n', /^usage: .*config\.toml:1: kind "zip" is unknown; one of warc, wat/],
  ]
  for (const [text, message] of cases) {
    writeFileSync(path, text)
    assert.match(
      fault(() => optionsOf('start')),
      message,
      text,
    )
  }
  rmSync(path)
  assert.match(
    fault(() => optionsOf('start', { SHOAL_THREADS: '0' })),
    /^usage: SHOAL_THREADS "0" is not/,
  )
})

config('a file that was named has to be there', () => {
  assert.match(
    fault(() => optionsOf(`start --config ${dir}/other.toml`)),
    /^config_missing: .*other\.toml/,
  )
  assert.is(optionsOf('start').threads, undefined)
})

config('a setting is written, and every other line stays', async () => {
  await writeConfig(path, { threads: '2' })
  const before = readFileSync(path, 'utf8')
  assert.match(before, /\n# Cores to use, at most\.\n# Else: all cores\nthreads = 2\n/)
  await writeConfig(path, { hours: '22-6' })
  await writeConfig(path, { threads: '8' })
  assert.is(
    readFileSync(path, 'utf8'),
    before.replace('threads = 2', 'threads = 8').replace(/# hours = .*/, 'hours = "22-6"'),
  )
  await writeConfig(path, { hours: null, threads: null })
  assert.is(readConfig(path)!.size, 0)
  await writeConfig(path, { hours: '1-2' })
  assert.match(readFileSync(path, 'utf8'), /\nhours = "1-2"\n/)
})

config('a list of several lines is replaced as a whole', async () => {
  writeFileSync(path, '# mine\npeer = [\n  "a",\n  "b", # last\n]\n# end\nthreads = 1\n')
  await writeConfig(path, { peer: 'c' })
  assert.is(readFileSync(path, 'utf8'), '# mine\npeer = "c"\n# end\nthreads = 1\n')
})

config('what would not be understood is not written', async () => {
  writeFileSync(path, 'thread = 1\n')
  await writeConfig(path, { hours: '1-2' }).then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, 'config_unknown'),
  )
  assert.is(readFileSync(path, 'utf8'), 'thread = 1\n')
  rmSync(path)
  await saveConfig(path, { threads: 'x' }).then(
    () => assert.unreachable(),
    (error) => assert.is(error.code, 'usage'),
  )
  assert.is(readConfig(path), null)
})

config('the examples of a new file are understood', async () => {
  await writeConfig(path, {})
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replaceAll(/^# ([a-z]+ = )/gm, '$1'))
  const { settled } = settleAll(invoke('config'), {})
  for (const { setting, origin } of settled) assert.is(origin, 'file', setting.name)
})

config('each setting says where it is from', () => {
  writeFileSync(path, '# first\nhours = "1-2"\nthreads = 2\nsegments = 3\n')
  const { settled } = settleAll(invoke('config --threads 4'), { [variableOf('segments')]: '5' })
  const found = (name: string) => settled.find(({ setting }) => setting.name === name)!
  const tell = (name: string) => {
    const { value, origin, from, line } = found(name)
    return [value, origin, from, line]
  }
  assert.equal(tell('threads'), ['4', 'option', '--threads', null])
  assert.equal(tell('segments'), ['5', 'environment', 'SHOAL_SEGMENTS', null])
  assert.equal(tell('hours'), ['1-2', 'file', path, 2])
  assert.equal(tell('disk'), [null, 'default', null, null])
})

config('limits of the dashboard become settings', async () => {
  const save = saveLimits(path)
  await save({ hours: { from: 22, to: 6 }, bytesPerSecond: 2_000_000, diskBytes: 50_000_000_000, threads: 2 })
  const { hours, bandwidth, disk, threads } = optionsOf('start')
  assert.equal([hours, bandwidth, disk, threads], ['22-6', 2_000_000, 50_000_000_000, 2])
  await save({ hours: null, bytesPerSecond: null })
  assert.equal([...readConfig(path)!.keys()], ['threads', 'disk'])
})

config.run()
