import type { IncomingMessage, ServerResponse } from 'node:http'

/** What one process counted: sums only, so that several processes add up. */
export type MetricsSnapshot = Record<string, number>

const bucketsSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

const help: Record<string, [type: 'counter' | 'gauge' | 'histogram', text: string]> = {
  queueup_http_requests_total: ['counter', 'Requests answered, by kind and status class.'],
  queueup_http_request_seconds: ['histogram', 'Time to answer a request, by kind.'],
  queueup_resident_memory_bytes: ['gauge', 'Memory of the serving processes together.'],
  queueup_processes: ['gauge', 'Serving processes.'],
}

/** Counts the requests of a process. Labels are few and fixed: nothing that a client sends becomes one. */
export class Metrics {
  readonly #values = new Map<string, number>()

  readonly onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const startedAtMs = performance.now()
    response.once('finish', () => {
      const kind = request.url?.startsWith('/v1/') ? 'api' : request.url?.startsWith('/assets/') ? 'asset' : 'page'
      this.#add(`queueup_http_requests_total{kind="${kind}",status="${Math.floor(response.statusCode / 100)}xx"}`, 1)
      const seconds = (performance.now() - startedAtMs) / 1000
      for (const bucket of bucketsSeconds) {
        this.#add(`queueup_http_request_seconds_bucket{kind="${kind}",le="${bucket}"}`, seconds <= bucket ? 1 : 0)
      }
      this.#add(`queueup_http_request_seconds_bucket{kind="${kind}",le="+Inf"}`, 1)
      this.#add(`queueup_http_request_seconds_sum{kind="${kind}"}`, seconds)
      this.#add(`queueup_http_request_seconds_count{kind="${kind}"}`, 1)
    })
  }

  snapshot(): MetricsSnapshot {
    return {
      ...Object.fromEntries(this.#values),
      queueup_resident_memory_bytes: process.memoryUsage.rss(),
      queueup_processes: 1,
    }
  }

  #add(series: string, amount: number): void {
    this.#values.set(series, (this.#values.get(series) ?? 0) + amount)
  }
}

/** Several processes' figures as one, in Prometheus' text format. */
export function renderMetrics(snapshots: readonly MetricsSnapshot[]): string {
  const sums = new Map<string, number>()
  for (const snapshot of snapshots)
    for (const [series, value] of Object.entries(snapshot)) sums.set(series, (sums.get(series) ?? 0) + value)
  return Object.entries(help)
    .flatMap(([name, [type, text]]) => {
      const own = [...sums].filter(
        ([series]) => series === name || series.startsWith(`${name}{`) || series.startsWith(`${name}_`),
      )
      return [`# HELP ${name} ${text}`, `# TYPE ${name} ${type}`, ...own.map(([series, value]) => `${series} ${value}`)]
    })
    .join('\n')
    .concat('\n')
}
