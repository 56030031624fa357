import type { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import { openDatabase } from '../db/open-database.ts'
import type { AppEnv } from '../http/app-env.ts'
import { healthRoutes, type Readiness } from '../http/health.ts'
import { type HttpServer, startHttpServer } from '../http/start-http-server.ts'
import { makeMailer } from '../mail/make-mailer.ts'
import type { Secrets } from '../secrets.ts'
import type { Services } from '../services.ts'
import { makeServices } from './make-services.ts'
import type { Metrics } from './metrics.ts'

/** What every serving process has: the settings, and where the database is that the first process prepared. */
export interface Serving {
  config: Config
  secrets: Secrets
  database: { url: string; appRole: string | undefined }
  createApp(services: Services): Hono<AppEnv>
  log: Logger
  metrics: Metrics
}

const patience = { lockMs: 10_000, statementMs: 20_000 }

/** Serves pages and API in this process. `stop` lets requests in flight finish. */
export async function serve(serving: Serving): Promise<{ server: HttpServer; stop: () => Promise<void> }> {
  const { config, secrets, log, metrics } = serving
  const { url, appRole: role } = serving.database
  const db = openDatabase({ url, role, maxConnections: 10, log, patience })
  const { services, close } = makeServices({ config, secrets, db, mailer: makeMailer(config), log })
  const readiness: Readiness = { draining: false }
  const app = serving.createApp(services)
  healthRoutes(app, services, readiness)
  const server = await startHttpServer(app, {
    host: config.host,
    port: config.port,
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    log,
    onRequest: config.metricsPort === undefined ? undefined : metrics.onRequest,
  })
  return {
    server,
    async stop() {
      readiness.draining = true
      await server.drain()
      await close()
    },
  }
}
