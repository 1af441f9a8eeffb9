import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as ask } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Daemon } from '../../../node/daemon/daemon.ts'
import { readLimits } from '../../../node/daemon/limits.ts'
import { type Dashboard, type LimitChanges, serveDashboard } from '../../../node/dashboard/dashboard.ts'
import { openLog } from '../../../node/log.ts'
import { ShoalError } from '../../../protocol/errors.ts'

export interface Answer {
  status: number
  headers: Record<string, unknown>
  text: string
  json(): { error: { code: string } } & Record<string, unknown>
}

/** A dashboard on what tells, in short, what a daemon does; it and its directory go with the stack. */
export async function startDashboard(stack: AsyncDisposableStack) {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const seen = {
    ...{ pulses: 0, maps: 0, paused: 0 },
    searched: [] as unknown[],
    saved: null as LimitChanges | null,
  }
  const daemon = {
    ended,
    pulse: async () => ({ at: ++seen.pulses }),
    map: async ({ campaign, cells }: { campaign: string; cells: number }) => {
      if (campaign === 'none') throw new ShoalError('campaign_unknown', 'this node has not joined it')
      seen.maps++
      return { campaign, cells }
    },
    peers: async () => [{ peer: 'one' }],
    credits: async (campaign: string | null) => [{ campaign }],
    standings: async () => Array.from({ length: 1_500 }, (_, i) => ({ i })),
    newest: async (count: number) => [{ count }],
    history: (span: string) => ({ span }),
    samples: async () => [],
    samplePicture: async (id: string) => (id === '0123456789abcdef' ? Buffer.from('a picture') : null),
    search: async (request: object) => {
      seen.searched.push(request)
      return { hits: [] }
    },
    metrics: async () => ({ type: 'text/plain; version=0.0.4', text: 'shoal_peers 1\n' }),
    pause: () => void seen.paused++,
    resume: () => void seen.paused--,
    limit: (changes: unknown) => ({ bytesPerSecond: null, diskBytes: null, ...readLimits(changes) }),
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'shoal-dashboard-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))

  async function start(options: Partial<Parameters<typeof serveDashboard>[1]> = {}): Promise<Dashboard> {
    const started = await serveDashboard(daemon as unknown as Daemon, {
      ...{ dataDir, listen: { host: '127.0.0.1', port: 0 }, log: openLog('silent', 'stderr') },
      ...options,
    })
    stack.defer(() => started.close())
    return started
  }
  const dashboard = await start({
    onLimits: async (changes) => {
      seen.saved = changes
    },
  })
  return {
    ...{ dashboard, dataDir, start, seen, end },
    bearing: { authorization: `Bearer ${dashboard.token}`, 'content-type': 'application/json' },
    /** With any headers at all, which `fetch` does not allow. */
    async send(path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
      const method = body === undefined ? 'GET' : 'POST'
      const sending = ask(`${dashboard.address}${path}`, { method, headers, agent: false, timeout: 5_000 })
      sending.end(body)
      const [response] = await once(sending, 'response')
      const text = Buffer.concat(await Array.fromAsync(response as AsyncIterable<Buffer>)).toString()
      return { status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) }
    },
  }
}

export const told = ({ status, json }: Answer) => `${status} ${json().error.code}`
