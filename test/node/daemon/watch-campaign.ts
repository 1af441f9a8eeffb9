import { writeFile } from 'node:fs/promises'
import { listArchives } from './play-crawl.ts'
import { type DaemonProcess, until } from './start-processes.ts'

/** @param list - a file to be written. @returns the campaign's CID */
export async function createCampaign(
  node: DaemonProcess,
  {
    name,
    segments,
    base,
    list,
    verifiers = 3,
  }: { name: string; segments: number; base: string; list: string; verifiers?: number },
): Promise<string> {
  await writeFile(list, listArchives(name, segments).join('\n'))
  const { campaign } = await node.ask('create', {
    ...{ name, contact: 'test@example.org', preset: 'laion-5b', model: null, threshold: null },
    ...{ files: [list], kind: null, base, parts: 1, audit: { verifiers } },
  })
  return campaign
}

export const joinCampaign = (node: DaemonProcess, cid: string) => node.ask('join', { cid, peer: null })

/** Whose a segment is, as a node sees it; undefined where it is free. */
export async function standing(node: DaemonProcess, campaign: string, segment: number) {
  const all = await node.ask('segments', { state: null, after: null, limit: 1000 })
  return all.find((one) => one.campaign === campaign && one.segment === segment)
}

export async function countsOf(node: DaemonProcess, campaign: string) {
  const { campaigns } = await node.ask('status')
  const one = campaigns.find((known) => known.campaign === campaign)!
  return { ...one.counts!, digest: one.digest }
}

/** Segments that a process has ended, by what it told itself. */
export const doneBy = ({ endings }: DaemonProcess, campaign: string) =>
  endings.flatMap((one) => (one.how === 'done' && one.campaign === campaign ? [one.segment] : []))

/** The segment that a node is in the midst of: some of its pictures are scored, and others are yet to come. */
export async function midst(node: DaemonProcess, pictures: number): Promise<number> {
  const { segment } = await until(`${node.name} is in the midst of a segment`, async () => {
    const { work } = await node.ask('status')
    const one = work.find(({ phase, stages }) => {
      const scored = stages.find(({ stage }) => stage === 'score')?.done ?? 0
      return phase === 'run' && scored >= 2 && scored < pictures
    })
    // a segment's number may be 0
    return one && { segment: one.segment }
  })
  return segment
}
