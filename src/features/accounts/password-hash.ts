import { availableParallelism } from 'node:os'
import * as scrypt from 'better-auth/crypto'
import { FairQueue } from '../../platform/process/fair-queue.ts'

/**
 * A hash takes a processor for a tenth of a second and 32 MB. No more than Node's four threads can do beside files and names,
 * nor than there are processors.
 */
export const hashLimits = { concurrency: 3, maxWaiting: 100 }

const hashes = new FairQueue({
  concurrency: Math.min(hashLimits.concurrency, availableParallelism()),
  maxWaiting: hashLimits.maxWaiting,
  refusal: 'Many people are signing in at the moment. Nothing was changed; try again in a few seconds.',
})

/** `turn` says whose work it is: of all that wait each has its turn. @throws AppError `unavailable` where too many wait. */
export function hashPassword(password: string, turn: string): Promise<string> {
  return hashes.run(turn, () => scrypt.hashPassword(password))
}

/** See `hashPassword`. */
export function verifyPassword(given: { hash: string; password: string }, turn: string): Promise<boolean> {
  return hashes.run(turn, () => scrypt.verifyPassword(given))
}
