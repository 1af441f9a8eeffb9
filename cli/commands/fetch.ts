import { resolve } from 'node:path'
import type { Progress } from '../../node/components.ts'
import type { FetchRequest, FetchResult } from '../../node/daemon/daemon.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { withLoneDaemon } from '../lone-daemon.ts'
import { formatBytes, formatCount, formatSeconds, formatThings } from '../numbers.ts'
import { readPolicy } from '../policy.ts'
import { showShard } from '../show-shard.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options, signal } = context
  const list = (text: string | undefined) => (text === undefined ? [] : text.split(','))
  const request: FetchRequest = {
    ...{ cid: args[0]!, gateways: list(options.gateway), peers: list(options.peer) },
    ...{ out: options.out === undefined ? null : resolve(options.out), signers: list(options.signer) },
    ...{ unverified: options.unverified, policy: await readPolicy(options) },
  }
  const onProgress = (progress: unknown) => output.progress(progress as Progress)
  const result =
    (await tryControl(context, 'fetch', request, onProgress)) ??
    (await withLoneDaemon(context, (daemon) => daemon.fetch(request, { signal, onProgress })))
  output.endProgress()
  show(context, result)
  output.emit(result)
}

function show(
  { output, options }: Context,
  { cid, shard, state, release, attestation, sources, paths, seconds }: FetchResult,
): void {
  if (shard !== null) {
    showShard(output, shard)
    output.print(`by the policy it is ${state}`)
  }
  if (release !== null) {
    output.heading(`Release ${release.number}`)
    output.print(cid)
    output.print(
      `${formatThings(release.shards, 'shard')}, ${formatCount(release.pairs)} pairs, ${formatBytes(release.bytes)}`,
    )
    output.print(`signed by ${release.signer}`)
  }
  if (attestation !== null) {
    output.heading(`Attestation of ${formatThings(attestation.files, 'file')}`)
    output.print(cid)
    output.print(`by ${attestation.source}`)
  }
  output.print()
  for (const { name, bytes, state: how } of sources)
    output.print(
      how === 'forged'
        ? `${name}\n  sent bytes of other blocks: nothing more was asked of it`
        : `${formatBytes(bytes)} from ${name}`,
    )
  if (sources.length === 0) output.print('All of it was here already')
  output.print(`in ${formatSeconds(seconds)}`)
  if (paths.length > 0) output.print(`${formatThings(paths.length, 'file')} in\n  ${resolve(options.out!)}`)
  const next = attestation
    ? `release create ${attestation.campaign} --attested-by ${attestation.source}`
    : 'export CID --format laion5b'
  output.print(`It is kept here. Use it:\n  ${suggest(next, options.data)}`)
}
