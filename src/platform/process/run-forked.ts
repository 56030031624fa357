import type { Logger } from 'pino'
import { type Config, withPort } from '../config.ts'
import type { HttpServer } from '../http/start-http-server.ts'
import type { ConnectionOrder, ProcessLoad } from './load-compaction.ts'
import { Metrics } from './metrics.ts'
import { type Serving, serve } from './serve.ts'
import { answerMetrics } from './serve-metrics.ts'

/** What the first process tells the ones it forks: they start no database and read no settings of their own but the same ones. */
export interface ToForked {
  assignment: Pick<Serving, 'database'> & { port: number }
  order: ConnectionOrder & { round: number }
}

/** What a forked process tells the first one: once as soon as it serves, and whenever it has carried out an order. */
export interface FromForked {
  load?: ProcessLoad
  /** The order's. */
  round?: number
  /** It was told to stop, and takes no connections any more. */
  leaves?: boolean
}

const leastIntervalMs = 250
/** Processor time of the main thread. The oldest Node.js that will do tells of the whole process alone. */
const cpuUsage = (process as Partial<NodeJS.Process>).threadCpuUsage ?? process.cpuUsage

/** A forked process serves until it is told to stop, or the first process is gone. */
export async function runForked(
  config: Config,
  parts: Pick<Serving, 'secrets' | 'createApp' | 'log'>,
  toldToStop: Promise<void>,
): Promise<void> {
  const { port, database } = await new Promise<ToForked['assignment']>((resolve) =>
    process.once('message', ({ assignment }: ToForked) => resolve(assignment)),
  )
  const metrics = new Metrics()
  answerMetrics(metrics)
  const { server, stop } = await serve({ ...parts, config: withPort(config, port), database, metrics })
  const leave = await followOrders(server, parts.log)
  // Without the first process there is no database, and nobody to stop us.
  const orphaned = new Promise<void>((resolve) => process.once('disconnect', () => resolve()))
  await Promise.race([toldToStop, orphaned])
  leave()
  await stop()
  if (process.connected) process.disconnect()
}

/**
 * Does with connections what the first process says, and tells it each time how much there is to do. Answers the way to tell
 * it that this is over.
 */
async function followOrders({ intake }: HttpServer, log: Logger): Promise<() => void> {
  let [busy, used, atMs] = [0, cpuUsage(), performance.now()]
  let left = false
  const tell = async (round: number) => {
    const intervalMs = performance.now() - atMs
    if (intervalMs > leastIntervalMs) {
      const { user, system } = cpuUsage(used)
      ;[busy, used, atMs] = [(user + system) / 1_000 / intervalMs, cpuUsage(), performance.now()]
    }
    const load = { busy, connections: await intake.count(), takes: intake.takes }
    if (process.connected && !left) process.send?.({ load, round } satisfies FromForked)
  }
  process.on('message', ({ order }: Partial<ToForked>) => {
    if (!order) return
    intake.part(order.parts)
    intake
      .take(order.takes)
      .then(() => tell(order.round))
      .catch((error: unknown) => log.error({ err: error }, 'cannot do with connections as the first process says'))
  })
  await tell(0)
  return () => {
    left = true
    if (process.connected) process.send?.({ leaves: true } satisfies FromForked)
  }
}
