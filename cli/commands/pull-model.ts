import { CID } from 'multiformats/cid'
import type { Progress } from '../../node/components.ts'
import type { ModelRequest } from '../../node/daemon/daemon.ts'
import { findDataDir } from '../../node/paths.ts'
import { tryControl } from '../control.ts'
import type { Context } from '../declarations.ts'
import { withLoneDaemon } from '../lone-daemon.ts'
import { formatBytes } from '../numbers.ts'
import { UsageError } from '../parse.ts'
import { suggest } from '../suggest.ts'

export async function run(context: Context): Promise<void> {
  const { args, options, output } = context
  const model = args[0]!
  const pulled = isCid(model) ? await pullFromPeers(context, model) : await pullFromHub(context, model)
  output.endProgress()
  output.print(`${pulled.name} is here in ${pulled.precision}: ${formatBytes(pulled.bytes)}`)
  output.print(`Try it out: ${suggest(`model check ${pulled.name}`, options.data)}`)
  output.emit(pulled)
}

function isCid(text: string): boolean {
  try {
    CID.parse(text)
    return true
  } catch {
    return false
  }
}

/** By this data directory's node, where it runs. */
async function pullFromPeers(context: Context, campaign: string) {
  const { options, output, signal } = context
  const request: ModelRequest = {
    ...{ campaign, precision: options.precision ?? null },
    peers: options.peer?.split(',') ?? [],
  }
  const onProgress = (progress: unknown) => output.progress(progress as Progress)
  return (
    (await tryControl(context, 'pullModel', request, onProgress)) ??
    (await withLoneDaemon(context, (daemon) => daemon.pullModel(request, { signal, onProgress })))
  )
}

async function pullFromHub({ options, output, signal }: Context, model: string) {
  if (options.peer !== undefined || options.offline)
    throw new UsageError(`peers are asked for the model of a campaign, by its CID, and ${model} is none`)
  const { manageModels } = await import('../../node/manage-models.ts')
  return manageModels(findDataDir(options.data)).pull(model, {
    ...{ precision: options.precision, signal },
    onProgress: ({ file, bytes: done, total }) =>
      output.progress({
        ...{ file, segment: 0, segments: 1 },
        stages: [{ stage: 'model', done, total, unit: 'bytes' }],
      }),
  })
}
