import type { Services } from '../services.ts'
import type { QueueName } from './queues.ts'
import { type JobHandlers, runDueJobs } from './run-due-jobs.ts'

const pollMs = 500

/** Looks for a queue's jobs twice a second and does them, one after the other. Stopping waits for the one at hand. */
export function startQueue(services: Services, handlers: JobHandlers, queue: QueueName): { stop(): Promise<void> } {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let failing = false
  const look = async () => {
    try {
      await runDueJobs(services, handlers, () => stopped, queue)
      failing = false
    } catch (error) {
      // Said once, not twice a second for as long as the database is away.
      if (!failing) services.log.error({ err: error }, 'could not look for queued jobs')
      failing = true
    }
    if (!stopped) timer = setTimeout(start, pollMs)
  }
  let running = Promise.resolve()
  const start = () => {
    running = look()
  }
  start()
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await running
    },
  }
}
