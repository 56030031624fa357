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

/** What a forked process tells the first one. */
export interface FromForked {
  load?: ProcessLoad
  /** That of the last order which it has carried out. */
  round?: number
}

export const reportEveryMs = 500

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
  const reports = await startReports(server, parts.log)
  // Without the first process there is no database, and nobody to stop us.
  const orphaned = new Promise<void>((resolve) => process.once('disconnect', () => resolve()))
  await Promise.race([toldToStop, orphaned])
  clearInterval(reports)
  await stop()
  if (process.connected) process.disconnect()
}

/** Tells the first process how much there is to do, again and again, and does with connections what it says. */
async function startReports({ intake }: HttpServer, log: Logger): Promise<NodeJS.Timeout> {
  let [used, atMs, busy, round] = [process.threadCpuUsage(), performance.now(), 0, 0]
  const tell = async () => {
    const connections = await intake.count()
    const load = { busy, connections, takes: intake.takes }
    if (process.connected) process.send?.({ load, round } satisfies FromForked)
  }
  process.on('message', ({ order }: Partial<ToForked>) => {
    if (!order) return
    intake.part(order.parts)
    intake
      .take(order.takes)
      .then(() => {
        round = order.round
        return tell()
      })
      .catch((error: unknown) => log.error({ err: error }, 'cannot do with connections as the first process says'))
  })
  await tell()
  return setInterval(() => {
    const { user, system } = process.threadCpuUsage(used)
    busy = (user + system) / 1_000 / (performance.now() - atMs)
    ;[used, atMs] = [process.threadCpuUsage(), performance.now()]
    void tell()
  }, reportEveryMs)
}
