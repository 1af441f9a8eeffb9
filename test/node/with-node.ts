import { join } from 'node:path'
import { pino } from 'pino'
import type { CrawlRequest, CrawlResult, Node, NodeOptions } from '../../node/components.ts'
import { openNode } from '../../node/node.ts'

let opened = 0

/** @param use - is given a node on a new directory below `dir`, which is closed afterwards */
export async function withNode<T>(
  dir: string,
  options: Partial<NodeOptions>,
  use: (node: Node, dataDir: string) => Promise<T>,
): Promise<T> {
  const dataDir = options.dataDir ?? join(dir, `data-${opened++}`)
  const node = await openNode({
    ...{ dataDir, model: null, threads: 2, contact: null, offline: true, loopback: null },
    ...{ clock: () => Date.UTC(2026, 0, 1), log: pino({ level: 'silent' }) },
    ...options,
  })
  try {
    return await use(node, dataDir)
  } finally {
    await node.close()
  }
}

export async function crawl(
  node: Node,
  files: string[],
  request: Partial<CrawlRequest> = {},
): Promise<CrawlResult[]> {
  const plain = { files, kind: null, preset: 'laion-5b', threshold: null, outDir: null }
  return Array.fromAsync(node.crawl({ ...plain, ...request }))
}

/** The code of the error that it ends in. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
