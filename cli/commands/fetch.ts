import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { Progress } from '../../node/components.ts'
import type { FetchRequest, FetchResult } from '../../node/daemon/daemon.ts'
import { chooseLevel, openLog } from '../../node/log.ts'
import { findDataDir, logFile } from '../../node/paths.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { formatBytes, formatCount, formatSeconds, formatThings } from '../numbers.ts'
import { readPolicy } from '../policy.ts'
import { showShard } from '../show-shard.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, output, options } = context
  const list = (text: string | undefined) => (text === undefined ? [] : text.split(','))
  const request: FetchRequest = {
    ...{ cid: args[0]!, gateways: list(options.gateway), peers: list(options.peer) },
    ...{ out: options.out === undefined ? null : resolve(options.out), signers: list(options.signer) },
    ...{ unverified: options.unverified, policy: await readPolicy(options) },
  }
  const onProgress = (progress: unknown) => output.progress(progress as Progress)
  const result =
    (await tryControl(context, 'fetch', request, onProgress)) ??
    (await fetchAlone(context, request, onProgress))
  output.endProgress()
  show(context, result)
  output.emit(result)
}

/** By a node that is there for this alone, and works for nobody. */
async function fetchAlone(
  { options, signal }: Context,
  request: FetchRequest,
  onProgress: (progress: Progress) => void,
): Promise<FetchResult> {
  const dataDir = findDataDir(options.data)
  const log = openLog(chooseLevel(options.verbose), options.verbose ? 'stderr' : { file: logFile(dataDir) })
  const { startDaemon } = await import('../../node/daemon/daemon.ts')
  const daemon = await startDaemon({
    ...{ dataDir, log, clock: Date.now, local: options.local, loopback: null, offline: false },
    ...{ hours: null, segments: 1, threads: availableParallelism(), withoutWork: true, withoutAudits: true },
    ...{ diskBytes: null, bytesPerSecond: null, model: null, precision: null, peers: [] },
    listen: [options.local ? '/ip4/127.0.0.1/tcp/0' : '/ip4/0.0.0.0/tcp/0'],
  })
  try {
    return await daemon.fetch(request, { signal, onProgress })
  } finally {
    await daemon.stop()
  }
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
