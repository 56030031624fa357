import cluster from 'node:cluster'
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import { type Config, ConfigError, type ConfigSecrets, withPort } from '../config.ts'
import { openDatabase } from '../db/open-database.ts'
import { type PreparedDatabase, prepareDatabase } from '../db/prepare-database.ts'
import type { AppEnv } from '../http/app-env.ts'
import { healthRoutes, type Readiness } from '../http/health.ts'
import { startHttpServer } from '../http/start-http-server.ts'
import { makeLog } from '../log/make-log.ts'
import { makeMailer } from '../mail/make-mailer.ts'
import type { Secrets } from '../secrets.ts'
import type { Services } from '../services.ts'
import { findPort } from './find-port.ts'
import { loadSecrets } from './load-secret-key.ts'
import { makeServices } from './make-services.ts'
import { Metrics } from './metrics.ts'
import { onStopSignal } from './on-stop-signal.ts'
import { answerMetrics, serveMetrics } from './serve-metrics.ts'

/** What the product is made of; the composition root knows. */
export interface Product {
  createApp(services: Services): Hono<AppEnv>
  startWorker(
    services: Services,
    database: { url: string; ownerRole: string | undefined },
  ): Promise<{ stop(): Promise<void> }>
}

/** What the first process tells the ones it forks: they start no database and read no settings of their own but the same ones. */
interface Assignment {
  port: number
  databaseUrl: string
  appRole: string | undefined
}

const restartDelayMs = 500
const lingerMs = 2_000
const servingPatience = { lockMs: 10_000, statementMs: 20_000 }
/** Jobs go through whole tables, but hang on no database that is gone either. */
const jobsPatience = { lockMs: 60_000, statementMs: 1_800_000 }

/** Runs the server until it is told to stop: one process that does it all, or several that share the port. */
export async function runServer(
  environment: { config: Config; secrets: ConfigSecrets },
  product: Product,
  onReady: (config: Config) => void = () => undefined,
): Promise<void> {
  const log = makeLog(environment.config.logLevel)
  // From the first moment: told to stop while it starts, it starts to its end, and then stops as cleanly.
  const toldToStop = new Promise<void>((resolve) =>
    onStopSignal((signal) => {
      log.info({ signal }, 'stopping: requests in flight may finish')
      resolve()
    }, cluster.isWorker),
  )
  const secrets = loadSecrets(environment.config.dataDir, environment.secrets)
  if (cluster.isWorker) return runForked(environment.config, secrets, product, log, toldToStop)

  const stops: (() => Promise<void>)[] = []
  try {
    const database = await prepareDatabase(environment.config, secrets, log, 'server')
    stops.push(database.stop)
    const { host, metricsPort } = environment.config
    const port = await findPort('PORT', host, environment.config.port)
    if (metricsPort !== undefined) await findPort('METRICS_PORT', host, metricsPort)
    const config = withPort(environment.config, port)
    const assignment: Assignment = { port, databaseUrl: database.url, appRole: database.roles.app }
    stops.push(await startJobs(config, secrets, product, database, log))
    const alone = config.webConcurrency === 1 ? new Metrics() : undefined
    stops.push(
      alone
        ? await serve(config, secrets, product, assignment, log, alone)
        : await fork(config.webConcurrency, assignment, log),
    )
    if (metricsPort !== undefined) stops.push(await serveMetrics(metricsPort, host, alone))
    log.info({ url: config.publicUrl, pid: process.pid }, `QueueUp is ready at ${config.publicUrl}`)
    if (process.stderr.isTTY) process.stderr.write(`\n  QueueUp is ready at ${config.publicUrl}\n\n`)
    onReady(config)
    await toldToStop
  } finally {
    // Also after a start that failed half way: nothing of it runs on.
    for (const stop of stops.reverse())
      await stop().catch((error: unknown) => log.error({ err: error }, 'something did not stop cleanly'))
  }
  log.info('stopped')
  endSoon()
}

/** Whatever still hangs on somewhere may not keep the process from ending. */
function endSoon(): void {
  setTimeout(() => process.exit(), lingerMs).unref()
}

async function runForked(
  config: Config,
  secrets: Secrets,
  product: Product,
  log: Logger,
  toldToStop: Promise<void>,
): Promise<void> {
  const assignment = await new Promise<Assignment>((resolve) =>
    process.once('message', (message) => resolve(message as Assignment)),
  )
  const metrics = new Metrics()
  answerMetrics(metrics)
  const stopServing = await serve(withPort(config, assignment.port), secrets, product, assignment, log, metrics)
  process.send?.('serving')
  // Without the first process there is no database, and nobody to stop us.
  const orphaned = new Promise<void>((resolve) => process.once('disconnect', () => resolve()))
  await Promise.race([toldToStop, orphaned])
  await stopServing()
  if (process.connected) process.disconnect()
  endSoon()
}

async function serve(
  config: Config,
  secrets: Secrets,
  product: Product,
  assignment: Assignment,
  log: Logger,
  metrics: Metrics,
): Promise<() => Promise<void>> {
  const { databaseUrl: url, appRole: role } = assignment
  const db = openDatabase({ url, role, maxConnections: 10, log, patience: servingPatience })
  const { services, close } = makeServices({ config, secrets, db, mailer: makeMailer(config), log })
  const readiness: Readiness = { draining: false }
  const app = product.createApp(services)
  healthRoutes(app, services, readiness)
  const server = await startHttpServer(app, {
    host: config.host,
    port: assignment.port,
    publicUrl: config.publicUrl,
    onRequest: config.metricsPort === undefined ? undefined : metrics.onRequest,
  })
  return async () => {
    readiness.draining = true
    await server.drain()
    await close()
  }
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
    maxConnections: 3,
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

/** Forks the serving processes, and replaces one that dies. */
async function fork(count: number, assignment: Assignment, log: Logger): Promise<() => Promise<void>> {
  // Each process accepts for itself: no connection waits to be handed on, least of all to one that has just died.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  let stopping = false
  let ready = false
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = cluster.fork()
      worker.once('online', () => worker.send(assignment))
      worker.on('message', (message) => message === 'serving' && resolve())
      worker.once('exit', (code, signal) => {
        if (stopping) return resolve()
        if (!ready) return reject(new ConfigError('A serving process ended while it started; what it wrote says why.'))
        log.error({ worker_pid: worker.process.pid, code, signal }, 'a serving process died; starting another')
        setTimeout(() => resolve(stopping ? undefined : start()), restartDelayMs)
      })
    })
  await Promise.all(Array.from({ length: count }, start))
  ready = true
  return async () => {
    stopping = true
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    const gone = workers.map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())))
    for (const worker of workers) worker.process.kill('SIGTERM')
    await Promise.all(gone)
  }
}
