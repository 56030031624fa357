import cluster from 'node:cluster'
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import { type Config, type ConfigSecrets, withPort } from '../config.ts'
import { openDatabase } from '../db/open-database.ts'
import { type PreparedDatabase, prepareDatabase } from '../db/prepare-database.ts'
import type { AppEnv } from '../http/app-env.ts'
import { widestRanges } from '../http/client-address.ts'
import { mailPreviewPath } from '../http/mail-preview-path.ts'
import { makeLog } from '../log/make-log.ts'
import { makeMailer } from '../mail/make-mailer.ts'
import type { Secrets } from '../secrets.ts'
import type { Services } from '../services.ts'
import { becomeOwner } from './become-owner.ts'
import { findPort } from './find-port.ts'
import { forkServers } from './fork-servers.ts'
import { loadSecrets } from './load-secret-key.ts'
import { makeServices } from './make-services.ts'
import { Metrics } from './metrics.ts'
import { onStopSignal } from './on-stop-signal.ts'
import { runForked } from './run-forked.ts'
import { serve } from './serve.ts'
import { serveMetrics } from './serve-metrics.ts'
import { warnOfSettings } from './warn-of-settings.ts'

/** What the product is made of; the composition root knows. */
export interface Product {
  createApp(services: Services): Hono<AppEnv>
  startWorker(
    services: Services,
    database: { url: string; ownerRole: string | undefined },
  ): Promise<{ stop(): Promise<void> }>
}

/** Where a server that is ready is reached. */
export interface ReadyServer {
  publicUrl: string
  mailPreviewUrl: string | undefined
}

const lingerMs = 2_000
/** Jobs go through whole tables, but hang on no database that is gone either. */
const jobsPatience = { lockMs: 60_000, statementMs: 1_800_000 }

/** Runs the server until it is told to stop: one process that does it all, or several that share the port. */
export async function runServer(
  environment: { config: Config; secrets: ConfigSecrets },
  product: Product,
  onReady: (ready: ReadyServer) => void = () => undefined,
): Promise<void> {
  const log = makeLog(environment.config.logLevel)
  // From the first moment: told to stop while the database starts, it breaks that off; later it stops as cleanly.
  const told = new AbortController()
  const toldToStop = new Promise<void>((resolve) =>
    onStopSignal((signal) => {
      log.info({ signal }, 'stopping: requests in flight may finish')
      told.abort()
      resolve()
    }, cluster.isWorker),
  )
  const owner = becomeOwner(environment.config.dataDir)
  if (owner) log.info(owner, `runs as the user ${owner.name}, whom DATA_DIR belongs to`)
  const secrets = loadSecrets(environment.config.dataDir, environment.secrets)
  const { createApp } = product
  if (cluster.isWorker) {
    await runForked(environment.config, { secrets, createApp, log }, toldToStop)
    return endSoon()
  }

  warnOfSettings(environment.config, log)
  const stops: (() => Promise<void>)[] = []
  try {
    const database = await prepareDatabase(environment.config, secrets, log, 'server', told.signal)
    stops.push(database.stop)
    const { host, metricsPort, metricsHost, trustedProxies } = environment.config
    for (const range of widestRanges(trustedProxies))
      log.warn(
        { range },
        'TRUSTED_PROXIES has a range that is wide enough to hold clients: they can then choose the address they are known by',
      )
    const port = await findPort('PORT', host, environment.config.port)
    if (metricsPort !== undefined) await findPort('METRICS_PORT', metricsHost, metricsPort)
    const config = withPort(environment.config, port)
    const at = { url: database.url, appRole: database.roles.app }
    stops.push(await startJobs(config, secrets, product, database, log))
    const alone = config.webConcurrency === 1 ? new Metrics() : undefined
    stops.push(
      alone
        ? (await serve({ config, secrets, database: at, createApp, log, metrics: alone })).stop
        : await forkServers(config.webConcurrency, { port, database: at }, log),
    )
    if (metricsPort !== undefined) stops.push(await serveMetrics(metricsPort, metricsHost, alone))
    const ready = readyServer(config, secrets)
    announce(ready, log)
    onReady(ready)
    await toldToStop
  } catch (error) {
    if (!told.signal.aborted || error !== told.signal.reason) throw error
  } finally {
    // Also after a start that failed half way: nothing of it runs on.
    for (const stop of stops.reverse())
      await stop().catch((error: unknown) => log.error({ err: error }, 'something did not stop cleanly'))
  }
  log.info('stopped')
  endSoon()
}

function readyServer(config: Config, secrets: Secrets): ReadyServer {
  const path = mailPreviewPath({ config, secrets })
  return { publicUrl: config.publicUrl, mailPreviewUrl: path && `${config.publicUrl}${path}` }
}

function announce({ publicUrl, mailPreviewUrl }: ReadyServer, log: Logger): void {
  const preview = mailPreviewUrl && `Mails are not sent but shown at ${mailPreviewUrl}, on this machine only`
  if (preview) log.info(preview)
  log.info({ url: publicUrl, pid: process.pid }, `QueueUp is ready at ${publicUrl}`)
  if (process.stderr.isTTY)
    process.stderr.write(`\n  QueueUp is ready at ${publicUrl}\n${preview ? `  ${preview}\n` : ''}\n`)
}

/** Whatever still hangs on somewhere may not keep the process from ending. */
function endSoon(): void {
  setTimeout(() => process.exit(), lingerMs).unref()
}

async function startJobs(
  config: Config,
  secrets: Secrets,
  product: Product,
  database: PreparedDatabase,
  log: Logger,
): Promise<() => Promise<void>> {
  const { url, roles } = database
  const db = openDatabase({
    url,
    role: roles.owner,
    rowLevelRole: roles.app,
    maxConnections: 4,
    log,
    patience: jobsPatience,
  })
  const { services, close } = makeServices({ config, secrets, db, mailer: makeMailer(config), log })
  const worker = await product.startWorker(services, { url: database.url, ownerRole: database.roles.owner })
  return async () => {
    await worker.stop()
    await close()
  }
}
