import type { Database, Statement } from '../db/database.ts'
import { AppError } from '../errors.ts'
import type { BucketRule } from './token-leases.ts'

export interface Bucket {
  subject: string
  rule: BucketRule
  /** Tokens to take: 1 unless given. */
  cost?: number
}

const takeTokensOfEach: Statement = {
  name: 'take_tokens_of_each',
  text: 'select granted, retry_after from take_tokens_of_each($1, $2, $3, $4)',
}

/**
 * Takes tokens from every bucket, or from none where one lacks them, in one round trip. Answers undefined when they were
 * taken, or the seconds until they are there. All processes share the buckets.
 */
export async function findWaitForTokens(db: Database, buckets: readonly Bucket[]): Promise<number | undefined> {
  if (buckets.length === 0) return undefined
  const [row] = await db.run<{ granted: boolean; retry_after: number }>(takeTokensOfEach, [
    buckets.map(({ subject }) => subject),
    buckets.map(({ rule }) => rule.perSecond),
    buckets.map(({ rule }) => rule.burst),
    buckets.map(({ cost = 1 }) => cost),
  ])
  if (!row) throw new Error('take_tokens_of_each answered no row')
  return row.granted ? undefined : Math.max(1, Math.ceil(row.retry_after))
}

/** See `findWaitForTokens`; answers whether they were taken. */
export async function tryTakeTokens({ db }: { db: Database }, buckets: readonly Bucket[]): Promise<boolean> {
  return (await findWaitForTokens(db, buckets)) === undefined
}

/** `explain` is what a person reads; it is given the time to wait in words. @throws AppError `rate_limited`. */
export async function requireTokens(
  { db }: { db: Database },
  buckets: readonly Bucket[],
  explain: (wait: string) => string = (wait) => `Too many attempts. Wait ${wait}, then try again.`,
): Promise<void> {
  const seconds = await findWaitForTokens(db, buckets)
  if (seconds === undefined) return
  throw new AppError('rate_limited', explain(waitInWords(seconds)), { headers: { 'Retry-After': String(seconds) } })
}

function waitInWords(seconds: number): string {
  if (seconds === 1) return 'a second'
  if (seconds < 120) return `${seconds} seconds`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`
}
