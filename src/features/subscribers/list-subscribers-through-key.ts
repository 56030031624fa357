import { callsAtOnce } from '../../platform/db/calls-at-once.ts'
import type { Database, Statement } from '../../platform/db/database.ts'
import { GroupedCalls } from '../../platform/db/grouped-calls.ts'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
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
    from api_list_subscribers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) l`,
}

const listMany: Statement = {
  name: 'api_list_pages',
  text: `select (l.attempt).*, l.waitlist_found, l.items, l.total
    from api_list_pages($1, $2, $3, $4, $5, $6, $7, $8, $9) l`,
}

export interface ListThroughKey {
  key: PresentedKey
  waitlistId: string
  page: number
  limit: number
}

/**
 * Checks keys and reads pages of waitlists, in order of joining, in one round trip. Pages that are asked for while others are
 * under way go together.
 */
export class SubscriberLists {
  readonly #db: Database
  readonly #gate: KeyGate
  readonly #calls: GroupedCalls<ListThroughKey, ListedThroughKey>

  constructor({ db, config }: Services, gate: KeyGate) {
    this.#db = db
    this.#gate = gate
    const maxRunning = Math.min(2, Math.ceil(callsAtOnce(config, 'reading') / 2))
    this.#calls = new GroupedCalls((items) => this.#listMany(items), { maxItems: 16, maxRunning })
  }

  list(item: ListThroughKey): Promise<ListedThroughKey> {
    // A request that must ask the shared bucket goes alone: it locks its key's tokens.
    if (item.key.question) return this.#list(item)
    return this.#calls.call('pages', item).catch((error: unknown) => {
      // What breaks one page does not break those that came with it.
      if (error instanceof AppError) throw error
      return this.#list(item)
    })
  }

  async #list({ key, waitlistId, page, limit }: ListThroughKey): Promise<ListedThroughKey> {
    const [row] = await this.#db.run<ListedThroughKey>(list, [
      ...this.#gate.attemptArguments(key, 'subscribers:read'),
      waitlistId,
      (page - 1) * limit,
      limit,
    ])
    if (!row) throw new Error('api_list_subscribers answered no row')
    return row
  }

  async #listMany(items: ListThroughKey[]): Promise<ListedThroughKey[]> {
    const [first] = items
    if (!first) return []
    if (items.length === 1) return [await this.#list(first)]
    const [, scope, plans, perSecond, burst] = this.#gate.attemptArguments(first.key, 'subscribers:read')
    return this.#db.run<ListedThroughKey>(listMany, [
      items.map((item) => item.key.hashes[0]),
      items.map((item) => item.key.hashes[1] ?? null),
      scope,
      plans,
      perSecond,
      burst,
      items.map((item) => item.waitlistId),
      items.map((item) => (item.page - 1) * item.limit),
      items.map((item) => item.limit),
    ])
  }
}
