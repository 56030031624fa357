import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { LoadJob, LoadResult } from './load-worker.ts'

const script = fileURLToPath(new URL('load.lua', import.meta.url))

/** The version of the wrk on the PATH, or undefined. */
export async function findWrk(): Promise<string | undefined> {
  // It tells its version, and ends with 1 for want of an address.
  const { stdout } = await promisify(execFile)('wrk', ['-v']).catch((error) => ({ stdout: String(error.stdout ?? '') }))
  return /^wrk (\S+)/.exec(stdout)?.[1]
}

/** `firstNumber` and those after it take the place of `{n}`. wrk knows whole seconds only. */
export async function runWrk(job: LoadJob, firstNumber: number): Promise<LoadResult> {
  const { url, requests, connections, seconds } = job
  const perRequest = requests.flatMap(({ method, path, authorization, body }) => [
    method,
    path,
    authorization,
    body ?? '',
  ])
  const sizes = ['-t', '1', '-c', String(connections), '-d', `${Math.ceil(seconds)}s`, '--timeout', '10s']
  const { stdout } = await promisify(execFile)(
    'wrk',
    [...sizes, '-s', script, url, '--', String(firstNumber), ...perRequest],
    { env: { ...process.env, LC_ALL: 'C' } },
  )
  const line = stdout.split('\n').find((text) => text.startsWith('{'))
  if (line === undefined) throw new Error(`wrk said: ${stdout}`)
  const figures = JSON.parse(line) as Record<'answers' | 'refused' | 'broken' | 'seconds' | 'p50Ms' | 'p99Ms', number>
  const good = figures.answers - figures.refused
  return {
    requestsPerSecond: good / figures.seconds,
    p50Ms: figures.p50Ms,
    p99Ms: figures.p99Ms,
    good,
    bad: figures.refused + figures.broken,
  }
}
