import { appendFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** What a process says of itself once a second, when it is started with this file and a place to write to. */
export interface Observation {
  at_ms: number
  rss_bytes: number
  heap_bytes: number
  /** The 99th percentile of that second's event-loop delays, less the resolution of their measurement. */
  delay_p99_ms: number
}

const resolutionMs = 1
const file = process.env.BENCH_OBSERVATIONS

if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  delays.enable()
  setInterval(() => {
    const { rss, heapUsed } = process.memoryUsage()
    const observation: Observation = {
      at_ms: Date.now(),
      rss_bytes: rss,
      heap_bytes: heapUsed,
      delay_p99_ms: Math.max(0, delays.percentile(99) / 1e6 - resolutionMs),
    }
    delays.reset()
    appendFileSync(file, `${JSON.stringify(observation)}\n`)
  }, 1_000).unref()
}
