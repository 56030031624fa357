import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import { ConfigError } from '../config.ts'
import { LoadCompaction, type ProcessLoad } from './load-compaction.ts'
import type { FromForked, ToForked } from './run-forked.ts'

const restartDelayMs = 500
const roundEveryMs = 500
const silentAfterMs = 3 * roundEveryMs

interface Known {
  load: ProcessLoad
  heardAtMs: number
  /** Of its last order. */
  round: number
}

/** Forks the serving processes, replaces one that dies, and tells each which connections to take. Answers how to stop them. */
export async function forkServers(
  count: number,
  assignment: ToForked['assignment'],
  log: Logger,
): Promise<() => Promise<void>> {
  // Each process accepts for itself: no connection waits to be handed on, least of all to one that has just died.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  // In the order in which they began to serve.
  const serving = new Map<Worker, Known>()
  const compaction = new LoadCompaction()
  let round = 0
  let stopping = false
  let ready = false

  const spread = () => {
    if (stopping) return
    const { atWork } = compaction
    round += 1
    const loads = [...serving.values()].map(({ load, heardAtMs }) => ({
      ...load,
      silent: performance.now() - heardAtMs > silentAfterMs,
    }))
    const orders = compaction.round(loads)
    if (compaction.atWork !== atWork)
      log.info({ processes: compaction.atWork }, 'serving processes that take connections')
    for (const [i, [worker, known]] of [...serving].entries()) {
      const order = orders[i]
      if (!order || !worker.isConnected()) continue
      known.round = round
      worker.send({ order: { ...order, round } } satisfies Partial<ToForked>)
    }
  }
  const start = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = cluster.fork()
      // It did not live to read a message: its exit says so.
      worker.on('error', () => undefined)
      worker.once('online', () => worker.send({ assignment } satisfies Partial<ToForked>))
      worker.on('message', ({ load, round: done = 0, leaves }: FromForked) => {
        if (leaves) {
          // In the midst of what it still has to do; others take its place now, not when it has ended.
          serving.delete(worker)
          spread()
        }
        if (!load) return
        const told = serving.get(worker)?.round ?? 0
        // Until it has done what it was told last, nobody relies on it.
        serving.set(worker, {
          load: { ...load, takes: load.takes && done >= told },
          heardAtMs: performance.now(),
          round: told,
        })
        resolve()
      })
      worker.once('exit', (code, signal) => {
        serving.delete(worker)
        if (stopping) return resolve()
        if (!ready) return reject(new ConfigError('A serving process ended while it started; what it wrote says why.'))
        log.error({ worker_pid: worker.process.pid, code, signal }, 'a serving process died; starting another')
        // Perhaps nobody else took connections.
        spread()
        setTimeout(() => resolve(stopping ? undefined : start()), restartDelayMs)
      })
    })
  await Promise.all(Array.from({ length: count }, start))
  ready = true
  spread()
  const rounds = setInterval(spread, roundEveryMs)
  return async () => {
    stopping = true
    clearInterval(rounds)
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    const gone = workers.map((worker) => new Promise<void>((resolve) => worker.once('exit', () => resolve())))
    for (const worker of workers) worker.process.kill('SIGTERM')
    await Promise.all(gone)
  }
}
