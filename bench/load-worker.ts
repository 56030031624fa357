import autocannon from 'autocannon'

/** A process of its own, so that making load does not wait for whoever asked for it. */
export interface LoadJob {
  url: string
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  connections: number
  seconds: number
  /** Each request of the whole run signs up somebody new. */
  signsUp: boolean
}

export interface LoadResult {
  requestsPerSecond: number
  p50Ms: number
  p99Ms: number
  good: number
  bad: number
}

let people = 0

async function run(job: LoadJob): Promise<LoadResult> {
  const { method, path, headers } = job
  const result = await autocannon({
    url: job.url,
    connections: job.connections,
    duration: job.seconds,
    sampleInt: 50,
    requests: [
      {
        method,
        path,
        headers,
        ...(job.signsUp
          ? {
              setupRequest: (request) => {
                people += 1
                return { ...request, body: `{"email":"somebody.${people}@example.com"}` }
              },
            }
          : {}),
      },
    ],
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
  process.send?.(job === 'hello' ? 'ready' : await run(job))
})
process.on('disconnect', () => process.exit())
