import type { Database, Statement } from '../db/database.ts'
import type { BucketRule, Grant } from './token-leases.ts'

const takeTokens: Statement = {
  name: 'take_tokens',
  text: 'select granted, spare, remaining, retry_after from take_tokens($1, $2, $3, 1, $4, $5)',
}

/**
 * Takes one token from a bucket that all processes share, and up to `spare` more to spend within 100 ms; gives `returned` back.
 * For leases; anything else takes its tokens with `requireTokens` or `tryTakeTokens`.
 */
export async function takeToken(
  db: Database,
  subject: string,
  rule: BucketRule,
  spare: number,
  returned: number,
): Promise<Grant> {
  const [grant] = await db.run<Grant>(takeTokens, [subject, rule.perSecond, rule.burst, spare, returned])
  if (!grant) throw new Error('take_tokens answered no row')
  return grant
}
