import { availableParallelism } from 'node:os'
import * as scrypt from 'better-auth/crypto'
import { AppError } from '../../platform/errors.ts'
import { FairQueue, type Turn } from '../../platform/process/fair-queue.ts'
import { widestPrefix } from '../../platform/rate-limit/network-prefixes.ts'

/**
 * A hash takes a processor for a tenth of a second and 32 MB. No more than Node's four threads can do beside files and names,
 * nor than there are processors.
 */
export const hashLimits = { concurrency: 3, maxWaiting: 100 }

const hashes = new FairQueue({
  concurrency: Math.min(hashLimits.concurrency, availableParallelism()),
  maxWaiting: hashLimits.maxWaiting,
  refuse: () =>
    new AppError(
      'unavailable',
      'Many people are signing in at the moment. Nothing was changed; try again in a few seconds.',
      { headers: { 'Retry-After': '5' } },
    ),
})

/** `turn` says whose work it is: of all that wait each has its turn. @throws AppError `unavailable` where too many wait. */
export function hashPassword(password: string, turn: Turn): Promise<string> {
  return hashes.run(turn, () => scrypt.hashPassword(password))
}

/** See `hashPassword`. */
export function verifyPassword(given: { hash: string; password: string }, turn: Turn): Promise<boolean> {
  return hashes.run(turn, () => scrypt.verifyPassword(given))
}

/** Of people whom this server does not know yet: each network has its turns. */
export function strangersTurn(ip: string | null): Turn {
  return { key: widestPrefix(ip), isPreferred: false }
}

/** Of somebody who has shown who they are, or whom the operator or an invitation brings. */
export function knownTurn(key: string): Turn {
  return { key, isPreferred: true }
}
