import { SessionLocks } from '../db/session-locks.ts'
import type { Services } from '../services.ts'

export interface Job {
  name: string
  everyMinutes: number
  run(services: Services): Promise<void>
}

/**
 * Runs jobs at their intervals, each for the first time soon after the start. Of several servers on one database, one at a
 * time runs a given job. A failure is logged and the job comes again.
 */
export function startSchedule(services: Services, jobs: readonly Job[]): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const locks = new SessionLocks(services.db)
  const running = new Set<Promise<void>>()
  const timers = jobs.flatMap((job) => {
    const run = () => {
      const work = locks
        .tryWith(`job ${job.name}`, () => job.run({ ...services, stopping: stopping.signal }))
        .catch((error: unknown) => services.log.error({ err: error, job: job.name }, 'a job failed; it comes again'))
        .then(() => void running.delete(work))
      running.add(work)
    }
    return [setTimeout(run, 5_000), setInterval(run, job.everyMinutes * 60_000)]
  })
  for (const timer of timers) timer.unref()
  return {
    async stop() {
      for (const timer of timers) clearTimeout(timer)
      stopping.abort()
      await Promise.all(running)
      await locks.close()
    },
  }
}
