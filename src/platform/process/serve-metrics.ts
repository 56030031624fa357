import cluster, { type Worker } from 'node:cluster'
import { createServer } from 'node:http'
import { type Metrics, type MetricsSnapshot, renderMetrics } from './metrics.ts'

const question = 'metrics?'
const answerMs = 1_000

/** Answers the first process's question for this one's figures. */
export function answerMetrics(metrics: Metrics): void {
  process.on('message', (message) => {
    if (message === question) process.send?.({ metrics: metrics.snapshot() })
  })
}

/** Serves `/metrics` on a port of its own: the figures of this process, or of those it forked, together. */
export async function serveMetrics(port: number, host: string, own: Metrics | undefined): Promise<() => Promise<void>> {
  const server = createServer(async (request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined)
    const snapshots = own
      ? [own.snapshot()]
      : (await Promise.all(workers.map(ask))).filter((snapshot) => snapshot !== undefined)
    response
      .writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' })
      .end(renderMetrics(snapshots))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** A process that does not answer in a second is left out. */
function ask(worker: Worker): Promise<MetricsSnapshot | undefined> {
  return new Promise((resolve) => {
    const done = (snapshot: MetricsSnapshot | undefined) => {
      clearTimeout(late)
      worker.off('message', listen)
      resolve(snapshot)
    }
    const listen = (message: { metrics?: MetricsSnapshot }) => message?.metrics && done(message.metrics)
    const late = setTimeout(() => done(undefined), answerMs)
    worker.on('message', listen)
    worker.send(question)
  })
}
