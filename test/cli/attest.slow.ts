import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startGateway } from '../../node/gateway/gateway.ts'
import { openLog } from '../../node/log.ts'
import { openBlocks } from '../../node/store/store.ts'
import { type MadeCampaign, makeReleasable } from '../node/release/made-campaign.ts'
import { makePair, range } from '../node/shard/sample.ts'
import { runShoal } from './run-shoal.ts'

const attesting = suite('attest')

let made: MadeCampaign
const at = (home: string, ...args: string[]) => runShoal([...args, '--data', home])
const resultOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout.trimEnd().split('\n').at(-1)!)

attesting.before(async () => {
  made = await makeReleasable([range(20).map(makePair), range(20).map((i) => makePair(i + 20))])
})
attesting.after(() => made.close())

attesting(
  'a list is added, all is scanned by it, and others get the word on it; a release can demand it',
  async () => {
    const custodian = made.organiser.dir
    const name = made.organiser.home.signer.peerId
    const other = await made.copy()
    await Promise.all([made.organiser.close(), other.close()])

    const list = join(made.dir, 'list.jsonl')
    await writeFile(list, JSON.stringify({ kind: 'sha256', value: makePair(7).sha256 }))
    await at(custodian, 'blocklist', 'add', list)
    const demand = ['release', 'create', `${made.campaign}`, '--attested-by', name]
    const said = await at(custodian, 'attest', `${made.campaign}`)
    assert.is(said.status, 0, said.stderr)
    assert.match(said.stdout, /40 pairs of 2 files looked up, 1 matched/)
    assert.match(said.stdout, /sha256 +[0-9a-f]{16} +1 +40/)
    assert.not.match(said.stdout, makePair(7).url)

    const [id] = /(?<=signed as )\S+/.exec(said.stdout)!
    const blocks = await openBlocks(join(custodian, 'blocks'))
    const listen = { host: '127.0.0.1', port: 0 }
    const gateway = await startGateway({ blocks, listen, log: openLog('silent', 'stderr') })
    try {
      const fetched = await at(other.dir, 'fetch', id, '--local', '--gateway', gateway.address)
      assert.is(fetched.status, 0, fetched.stderr)
      assert.match(fetched.stdout, /Attestation of 2 files/)
    } finally {
      await gateway.close()
    }
    const created = resultOf(await at(custodian, ...demand, '--json'))
    assert.equal([created.attestedBy, created.counts.removed, created.counts.pairs], [name, 1, 39])
    const verified = await at(custodian, 'release', 'verify', created.release)
    assert.match(verified.stdout, new RegExp(`scanned by +${name}`))
    assert.match(verified.stdout, /attestations +holds/)
  },
)

attesting.run()
