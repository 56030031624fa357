import type { Hono } from 'hono'
import { readMigrations } from '../db/migrate.ts'
import type { Services } from '../services.ts'
import type { AppEnv } from './app-env.ts'

export interface Readiness {
  /** Set when the process is about to stop, so that a load balancer looks elsewhere. */
  draining: boolean
}

/** `/healthz`: the process runs. `/readyz`: the database answers and can be written to, its migrations are current, and we are not leaving. */
export function healthRoutes(app: Hono<AppEnv>, services: Services, readiness: Readiness): void {
  const newest = readMigrations().at(-1)?.number ?? 0
  const headers = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }
  app.get('/healthz', (c) => c.json({ status: 'ok' }, 200, headers))
  app.get('/readyz', async (c) => {
    if (readiness.draining) return c.json({ status: 'stopping' }, 503, headers)
    try {
      const [row] = await services.db.run<{ newest: number; standby: boolean }>(
        { name: 'readyz', text: 'select max(number) as newest, pg_is_in_recovery() as standby from schema_migrations' },
        [],
      )
      if (row?.standby) return c.json({ status: 'the database is a standby' }, 503, headers)
      if (row?.newest === newest) return c.json({ status: 'ready' }, 200, headers)
      return c.json({ status: 'migrations are not current' }, 503, headers)
    } catch (error) {
      services.log.warn({ err: error }, 'not ready: the database does not answer')
      return c.json({ status: 'the database does not answer' }, 503, headers)
    }
  })
}
