import { AppError } from '../errors.ts'
import { FairQueue } from './fair-queue.ts'

/** Two searches keep two processors of the database busy, and leave eight of the ten connections to everything else. */
export const searchLimits = { concurrency: 2, concurrencyPerKey: 1, maxWaitingPerKey: 32, maxWaitMs: 5_000 }

const refusals = {
  full: { detail: 'Too many searches of this organisation are running. Try again in 1 s.', seconds: 1 },
  late: { detail: 'The searches that were asked for before this one took too long. Try again in 2 s.', seconds: 2 },
}

/** The turns of searches in a process. The key is the organisation; searches of users are urgent. */
export function makeSearchQueue(): FairQueue {
  return new FairQueue({
    ...searchLimits,
    refuse(reason) {
      const { detail, seconds } = refusals[reason]
      return new AppError('rate_limited', detail, { headers: { 'Retry-After': String(seconds) } })
    },
  })
}
