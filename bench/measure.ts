import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Case } from './cases.ts'
import { type CpuTime, readCpuTime } from './cpu-time.ts'
import type { LoadJob, LoadRequest, LoadResult } from './load-worker.ts'
import { nextMessage } from './scratch.ts'

/** One round's figures for one thing. */
export interface Sample {
  perSecond: number
  p50Ms?: number
  p99Ms?: number
  /** Processor time for one request, in microseconds. */
  serverCpuUs?: number
  postgresCpuUs?: number
  good?: number
}

export interface Measured {
  id: string
  name: string
  measure(seconds: number): Promise<Sample>
}

/** A server with its PostgreSQL; a number of 0 for what has none, or is not to be looked at. */
export interface Target {
  url: string
  pid: number
  postmasterPid: number
}

/** Measures a request by the load worker. @throws Error when a single answer was not the expected one. */
export function measuredRequest(load: ChildProcess, target: Target, key: string, what: Case): Measured {
  const { id, name, method, path, connections, body } = what
  const request = { method, path, authorization: `Bearer ${key}`, ...(body === undefined ? {} : { body }) }
  return measuredLoad(load, target, { id, name, requests: [request], connections })
}

/** The same for several requests in turn. */
export function measuredLoad(
  load: ChildProcess,
  target: Target,
  { id, name, requests, connections }: { id: string; name: string; requests: LoadRequest[]; connections: number },
): Measured {
  return {
    id,
    name,
    async measure(seconds) {
      const before = readCpuTime(target.pid, target.postmasterPid)
      load.send({ url: target.url, requests, connections, seconds } satisfies LoadJob)
      const result = await nextMessage<LoadResult>(load, 'load-worker.ts')
      const after = readCpuTime(target.pid, target.postmasterPid)
      if (result.bad > 0 || result.good === 0) {
        throw new Error(`${name}: ${result.bad} of ${result.bad + result.good} answers failed, so nothing was measured`)
      }
      // What was under way when the load ended is done before the next measurement.
      await sleep(50)
      const { requestsPerSecond: perSecond, p50Ms, p99Ms, good } = result
      return { perSecond, p50Ms, p99Ms, good, ...cpuTimeEach(before, after, good) }
    },
  }
}

/** Processor time for one request, of the server and of PostgreSQL. */
export function cpuTimeEach(
  before: CpuTime | undefined,
  after: CpuTime | undefined,
  requests: number,
): Partial<Sample> {
  if (!before || !after) return {}
  return {
    serverCpuUs: ((after.serverSeconds - before.serverSeconds) / requests) * 1e6,
    postgresCpuUs: ((after.postgresSeconds - before.postgresSeconds) / requests) * 1e6,
  }
}

/** Asks once and answers the body. @throws Error when it is not what the case is about. */
export async function checkOnce(url: string, key: string, { name, method, path, expected }: Case): Promise<string> {
  const response = await fetch(url + path, { method, headers: { Authorization: `Bearer ${key}` } })
  const body = await response.text()
  const { items, total } = JSON.parse(body) as { items?: unknown[]; total?: number }
  const isExpected = response.status === expected.status && items?.length === expected.items && total === expected.total
  if (!isExpected)
    throw new Error(`${name}: ${response.status}, ${items?.length} items of ${total}: ${body.slice(0, 300)}`)
  return body
}

/** Measures everything in turn, round after round. */
export async function measureRounds(
  all: readonly Measured[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(all.map(({ id }) => [id, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const one of all) {
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kround ${round} of ${rounds}: ${one.name}`)
      samples.get(one.id)?.push(await one.measure(seconds))
    }
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  return samples
}
