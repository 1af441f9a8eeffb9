import { CID } from 'multiformats/cid'
import { ShoalError } from '../../protocol/errors.ts'
import { pipelineId } from '../../protocol/records/campaign.ts'
import type { OnAmount, StageProgress } from '../components.ts'
import type { Home } from '../home.ts'
import { produceShard } from '../produce-shard.ts'
import { makeJob } from '../segment-job.ts'
import type { Called } from '../shard/shard.ts'
import { VERSION } from '../version.ts'
import { type OwnCampaigns, openOwnCampaigns } from './own-campaigns.ts'
import type { Task } from './pick-task.ts'
import type { Samples } from './samples.ts'
import type { Toolbox } from './toolbox.ts'
import type { ToolOptions, Tools } from './tools.ts'

export interface Producer {
  /**
   * Run a segment to its end, from wherever an earlier run was.
   *
   * @returns the CID of its shard's manifest, and the shard's record
   * @throws ShoalError `shard_unknown`; as `openTools`, `OwnCampaigns.locate`, `produceShard`
   */
  produce(task: Task, running: Running): Promise<Produced>
}

interface Running {
  signal: AbortSignal
  onProgress: (stages: StageProgress[]) => void
  onAmount?: OnAmount | undefined
}

interface Produced {
  manifest: string
  envelope: Uint8Array
}

/**
 * `samples`: takes some of the candidates, to be shown; absent: nothing does. `locate`: says where a segment lies. `called`:
 * what whoever runs this node goes by
 */
type ProducerOptions = ToolOptions & {
  samples?: Pick<Samples, 'of'> | undefined
  locate?: OwnCampaigns['locate'] | undefined
  called?: Called | undefined
}

export function startProducer(home: Home, toolbox: Pick<Toolbox, 'use'>, options: ProducerOptions): Producer {
  return {
    produce: (task, running) =>
      toolbox.use(task.id, task.campaign, (tools) => produceSegment(home, task, tools, options, running)),
  }
}

async function produceSegment(
  home: Home,
  { id, campaign, segment }: Task,
  { crawl, images, scorer, looker, gate }: Tools,
  options: Pick<ProducerOptions, 'threads' | 'clock' | 'offline' | 'samples' | 'locate' | 'called'>,
  running: Running,
): Promise<Produced> {
  const { pipeline } = campaign
  const { rules } = pipeline
  const { geometry } = scorer
  const locate = options.locate ?? (await openOwnCampaigns(home)).locate
  const located = await locate(id, campaign, segment)
  const { manifest } = await produceShard(
    { ...home, crawl, images, scorer, looker, gate },
    makeJob(located, id, pipeline, {
      ...options,
      duplicatesWithin: 'segment',
    }),
    {
      ...{ campaign: id, segment, pipeline: pipelineId(pipeline), software: `shoal/${VERSION}` },
      called: options.called,
    },
    {
      ...{ threads: options.threads, workDir: home.workDir, ...running },
      sampler: options.samples?.of({ campaign: id, segment, rules, geometry }),
    },
  )
  const envelope = await home.store.shards.get(CID.parse(manifest).bytes)
  if (!envelope)
    throw new ShoalError('shard_unknown', `shard ${manifest} is gone: was the data directory changed?`)
  return { manifest, envelope: new Uint8Array(envelope) }
}
