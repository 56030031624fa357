import type { Database, Statement } from '../../platform/db/database.ts'
import type { ApiKeyAttempt } from '../api-keys/api-key-attempt.ts'
import type { KeyGate, PresentedKey } from '../api-keys/key-gate.ts'

export interface ListedThroughKey extends ApiKeyAttempt {
  /** False for a waitlist that is unknown, archived or another organisation's. */
  waitlist_found: boolean
  /** A JSON array of subscribers, made by the database. */
  items: string
  total: number
}

const list: Statement = {
  name: 'api_list_subscribers',
  text: `select (l.attempt).*, l.waitlist_found, l.items, l.total
    from api_list_subscribers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) l`,
}

/**
 * Checks a key and reads one page of a waitlist, in one round trip. The page is in order of joining; `needle` keeps those
 * whose e-mail address contains it, in any case.
 */
export async function listSubscribersThroughKey(
  db: Database,
  gate: KeyGate,
  key: PresentedKey,
  input: { waitlistId: string; page: number; limit: number; needle: string },
): Promise<ListedThroughKey> {
  const offset = (input.page - 1) * input.limit
  const [row] = await db.run<ListedThroughKey>(list, [
    ...gate.attemptArguments(key, 'subscribers:read'),
    input.waitlistId,
    offset,
    input.limit,
    input.needle.toLowerCase(),
  ])
  if (!row) throw new Error('api_list_subscribers answered no row')
  return row
}
