import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { complete, type Lookup } from '../../cli/complete.ts'
import { COMMANDS } from '../../cli/declarations.ts'
import { OPTIONS } from '../../cli/options.ts'

const completing = suite('what may stand where the cursor is')
const lookup: Lookup = async (kind) => [{ word: `a-${kind}`, about: '' }]

/** @param line - up to the cursor */
async function offered(line: string): Promise<string[]> {
  const words = line.split(' ')
  const found = await complete(words.slice(0, -1), words.at(-1)!, lookup)
  return [...found.words.map(({ word }) => word), ...(found.files ? [':files'] : [])]
}

completing('commands, by their first word and by their second', async () => {
  assert.equal(await offered('sha'), ['shards', 'shard'])
  assert.equal(await offered('shard '), ['list', 'show'])
  assert.equal(await offered('config '), ['set', 'unset'])
  assert.equal(await offered('nothing '), [])
  assert.equal(await offered('help cam'), ['campaign', 'campaigns'])
  assert.equal(await offered('help campaign j'), ['join'])
})

completing('options that the command has, none twice', async () => {
  assert.equal(await offered('start --di'), ['--disk'])
  assert.equal(await offered('start --disk 50GB --di'), [])
  assert.ok((await offered('start -')).includes('--help'))
  assert.not((await offered('status -')).includes('--disk'))
})

completing('values of options, behind a space or =', async () => {
  assert.equal(await offered('crawl --preset laion-4'), ['laion-400m'])
  assert.equal(await offered('crawl --preset=laion-4'), ['--preset=laion-400m'])
  assert.equal(await offered('start --device cu'), ['cuda'])
  assert.equal(await offered('start --data '), [':files'])
  assert.equal(await offered('start --data x --hours '), [])
  assert.equal(await offered('search --campaign '), ['a-campaigns', ':files'])
  assert.equal(await offered('start --nonsense='), [])
})

completing('arguments: files, CIDs, names of settings and their values', async () => {
  assert.equal(await offered('crawl '), [':files'])
  assert.equal(await offered('crawl a.warc '), [':files'])
  assert.equal(await offered('shard show '), ['a-shards'])
  assert.equal(await offered('shard show a-shards '), [])
  assert.equal(await offered('release diff '), ['a-releases'])
  assert.equal(await offered('release diff a-releases '), [])
  assert.equal(await offered('config set thr'), ['threshold', 'threads'])
  assert.equal(await offered('config set device web'), ['webgpu'])
  assert.equal(await offered('completion z'), ['zsh'])
})

completing('every option and every command can be offered', async () => {
  for (const [name, command] of Object.entries(COMMANDS)) {
    const words = await offered(`${name} --`)
    for (const option of command.options) {
      assert.ok(words.includes(`--${option}`), `${name} --${option}`)
      await offered(`${name} --${option} `)
    }
    const [last = ''] = name.split(' ').slice(-1)
    assert.ok((await offered(name)).includes(last), name)
  }
  assert.ok(Object.keys(OPTIONS).length > 50)
})

completing.run()
