import type { FastifyInstance } from 'fastify'
import type { Daemon } from '../daemon/daemon.ts'

/** Cells of a map, unless another number is asked for. */
const CELLS = 1_000

/** Answer what the page asks, with JSON. */
export function addAnswers(app: FastifyInstance, daemon: Daemon): void {
  app.get<{ Querystring: { campaign?: string; cells?: string } }>('/api/map', async ({ query }) =>
    daemon.map({ campaign: query.campaign ?? '', cells: Number(query.cells ?? CELLS) }),
  )
  app.get('/api/peers', () => daemon.peers())
  app.get('/api/standings', () => daemon.standings(null))
  app.post('/api/pause', async () => {
    daemon.pause()
    return { done: 'pause' }
  })
  app.post('/api/resume', async () => {
    daemon.resume()
    return { done: 'resume' }
  })
}
