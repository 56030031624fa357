import autocannon from 'autocannon'
import { findWrk, runWrk } from './wrk.ts'

export interface LoadRequest {
  method: 'GET' | 'POST'
  path: string
  authorization: string
  /** JSON; `{n}` in it becomes a number that no other request of the whole run has. */
  body?: string
}

/** A process of its own, so that making load does not wait for whoever asked for it. */
export interface LoadJob {
  url: string
  /** Sent in turn. */
  requests: LoadRequest[]
  connections: number
  seconds: number
}

export interface LoadResult {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  good: number
  bad: number
}

const wrk = await findWrk()
let numbersUsed = 0

async function run(job: LoadJob): Promise<LoadResult> {
  if (wrk === undefined) return await runAutocannon(job)
  const result = await runWrk(job, numbersUsed)
  // Also those that were sent and not answered before the end.
  numbersUsed += result.good + result.bad + job.connections
  return result
}

async function runAutocannon(job: LoadJob): Promise<LoadResult> {
  const result = await autocannon({
    url: job.url,
    connections: job.connections,
    duration: job.seconds,
    sampleInt: 50,
    requests: job.requests.map(({ method, path, authorization, body }) => ({
      method,
      path,
      headers: { Authorization: authorization, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body }),
      ...(body?.includes('{n}')
        ? {
            setupRequest: (request) => {
              numbersUsed += 1
              return { ...request, body: body.replaceAll('{n}', String(numbersUsed)) }
            },
          }
        : {}),
    })),
  })
  return {
    requestsPerSecond: result['2xx'] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    good: result['2xx'],
    bad: result.non2xx + result.errors + result.timeouts,
  }
}

process.on('message', async (job: LoadJob | 'hello') => {
  if (job === 'hello') process.send?.(wrk === undefined ? 'autocannon (no wrk on the PATH)' : `wrk ${wrk}`)
  else process.send?.(await run(job))
})
process.on('disconnect', () => process.exit())
