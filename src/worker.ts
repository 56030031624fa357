import { pruneAccounts } from './features/accounts/prune-accounts.ts'
import { pruneIdempotencyAnswers } from './features/subscribers/prune-idempotency-answers.ts'
import { type Job, startSchedule } from './platform/jobs/start-schedule.ts'
import { pruneRateLimits } from './platform/rate-limit/prune-rate-limits.ts'
import type { Services } from './platform/services.ts'

/** Everything that runs by itself, and how often. One process of each database does so, as the tables' owner. */
const jobs: Job[] = [
  { name: 'prune idempotency answers', everyMinutes: 10, run: pruneIdempotencyAnswers },
  { name: 'prune sessions and one-time tokens', everyMinutes: 60, run: pruneAccounts },
  { name: 'prune rate limits', everyMinutes: 60, run: pruneRateLimits },
]

export async function startWorker(services: Services): Promise<{ stop(): Promise<void> }> {
  return startSchedule(services, jobs)
}
