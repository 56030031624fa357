import { isStatementTimeout } from '../../platform/db/connection-failure.ts'
import type { Statement } from '../../platform/db/database.ts'
import type { ApiCall } from '../api-keys/api-operation.ts'
import { plansWithApiAccess } from '../plans/plan-rules.ts'
import { parseEmailAddress } from './email-address.ts'
import type { ListedThroughKey, ListThroughKey } from './list-subscribers-through-key.ts'
import { fewSubscribers, queryTooShort } from './search-bounds.ts'

interface SearchedThroughKey extends ListedThroughKey {
  /** True for a part of an email that only a look at everybody finds, on a waitlist too long for that. */
  too_short: boolean
  /** Of subscribers, those included that did not fit. */
  rows_read: number
}

type SearchCall = Pick<ApiCall, 'services' | 'gate' | 'key' | 'settle' | 'charge' | 'signal'>

const scope = 'subscribers:read'
const search: Statement = {
  name: 'api_search_subscribers',
  text: `select (s.attempt).*, s.waitlist_found, s.too_short, s.items, s.total, s.rows_read
    from api_search_subscribers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) s`,
}

/** A token is worth about two milliseconds of the database. */
export const rowsPerToken = 1_000

/**
 * One page of the subscribers whose email address contains `q`, in any case, and the one that `q` is the
 * complete address of, in order of joining. The key is settled first, so that a search which waits for its turn holds no
 * token's lock, and read once more when its turn has come. Searches are charged by the rows that they read.
 * @throws AppError `rate_limited`, `validation_failed` and what settling the key throws.
 */
export async function searchThroughKey(
  call: SearchCall,
  { waitlistId, page, limit, q }: Omit<ListThroughKey, 'key'> & { q: string },
): Promise<ListedThroughKey> {
  const { services, gate, key } = call
  const attempt = await gate.authorize(key, scope)
  call.settle(attempt)
  const turn = { key: attempt.organisation_id, isPreferred: true, signal: call.signal() }
  const found = await services.searches.run(turn, async () => {
    const { perSecond, burst } = gate.rule
    const values = [key.hashes, scope, plansWithApiAccess, perSecond, burst, waitlistId, (page - 1) * limit, limit]
    const canonical = parseEmailAddress(q)?.canonical ?? null
    const asked = services.db.run<SearchedThroughKey>(search, [...values, q.toLowerCase(), canonical, fewSubscribers])
    const [row] = await asked.catch(async (error: unknown) => {
      if (isStatementTimeout(error)) await call.charge(attempt, burst).catch(() => undefined)
      throw error
    })
    if (!row) throw new Error('api_search_subscribers answered no row')
    // Before the next search of this key begins, which is refused while the key is in debt.
    const tokens = Math.min(burst, Math.floor(row.rows_read / rowsPerToken))
    if (tokens > 0) await call.charge(attempt, tokens)
    return row
  })
  call.settle(found)
  if (found.too_short) throw queryTooShort()
  return found
}
