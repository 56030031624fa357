import { callsAtOnce } from '../../platform/db/calls-at-once.ts'
import type { Statement } from '../../platform/db/database.ts'
import { GroupedCalls } from '../../platform/db/grouped-calls.ts'
import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiKeyAttempt } from '../api-keys/api-key-attempt.ts'
import { groupByKey } from '../api-keys/group-by-key.ts'
import type { KeyGate, PresentedKey } from '../api-keys/key-gate.ts'
import type { EmailAddress } from './email-address.ts'
import { openRemovalKey, removalHash } from './removed-subscribers.ts'

export interface CreateThroughKey {
  key: PresentedKey
  waitlistId: string
  email: EmailAddress
  referralCode: string | null
  joinedAt: Date | null
  idempotency: { key: string; fingerprint: Buffer } | null
  meta: RequestMeta
}

export interface CreatedThroughKey {
  /** What the database said of the key. Where its tokens ran out, `result` tells whether this request still had one. */
  attempt: ApiKeyAttempt
  /** What became of this member of the group, as `api_create_subscribers` says it. */
  result: ApiKeyAttempt['outcome'] | 'waitlist' | 'mismatch' | 'replayed' | 'added' | 'confirmed' | 'already_there'
  status: number
  /** The subscriber, as JSON text. */
  body: string
}

/** One key's, with its attempt, or one request's, with what became of it, in no order. */
interface CreatedRow extends Omit<CreatedThroughKey, 'attempt'> {
  /** Of a key from -1 down, of a request from 1 up. */
  ordinal: number
  attempt: (Omit<ApiKeyAttempt, 'key_created_at'> & { key_created_at: string }) | null
  sealed_key?: Buffer | null
}

const create: Statement = {
  name: 'api_create_subscribers',
  text: `select c.ordinal, c.outcome as result, c.status, c.body, to_json(c.attempt) as attempt
    from api_create_subscribers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) c`,
}

/** Also tells who was removed before, and has earned somebody their place already. */
const createReferred: Statement = {
  name: 'api_create_referred',
  text: `select c.ordinal, c.outcome as result, c.status, c.body, to_json(c.attempt) as attempt, c.sealed_key
    from api_create_referred($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) c`,
}

const maxHints = 50_000

/**
 * Creates subscribers through keys. Creates of one organisation that are under way together share one call to the database,
 * in which each is authorised, decided, logged and answered by itself.
 */
export class SubscriberCreates {
  readonly #services: Services
  readonly #gate: KeyGate
  readonly #calls: GroupedCalls<CreateThroughKey, CreatedThroughKey>
  /** Of organisations, what the hashes of removed people are made with; it never changes. Null where nobody can open it. */
  readonly #removalKeys = new Map<string, string | null>()
  #alone = 0

  constructor(services: Services, gate: KeyGate) {
    this.#services = services
    this.#gate = gate
    this.#calls = new GroupedCalls((items) => this.#run(items), {
      maxItems: 64,
      // A large group costs less each than two small ones. Where so many wait that both are large, the second waits at the
      // database for the first one's lock, not here for its answer.
      maxRunning: 2,
      minItemsBeside: 48,
      maxRunningInAll: callsAtOnce(services.config, 'writing'),
    })
  }

  /** @throws AppError `unavailable` for a key that turns out to be another organisation's, twice. */
  async create(item: CreateThroughKey): Promise<CreatedThroughKey> {
    const created = await this.#calls.call(item.key.organisationId ?? item.key.subject, item)
    if (created.result !== 'elsewhere') return created
    const alone = await this.#createAlone(item)
    if (alone.result !== 'elsewhere') return alone
    throw new AppError(
      'unavailable',
      'The organisation of this key is changing. Try again shortly; nothing was done.',
      {
        headers: { 'Retry-After': '2' },
      },
    )
  }

  /** What cannot go with others is asked once more, in a batch of its own. */
  #createAlone(item: CreateThroughKey): Promise<CreatedThroughKey> {
    const { key } = item
    const question = key.question && { ...key.question, mayAskForSpare: false, returned: 0 }
    this.#alone += 1
    return this.#calls.call(`alone ${this.#alone}`, { ...item, key: { ...key, question } })
  }

  async #run(items: CreateThroughKey[]): Promise<CreatedThroughKey[]> {
    const [first] = items
    if (!first) return []
    const [, scope, plans, perSecond, burst] = this.#gate.attemptArguments(first.key, 'subscribers:write')
    const { keys, places } = groupByKey(items.map(({ key }) => key))
    const rows = await this.#ask(items, [
      scope,
      plans,
      perSecond,
      burst,
      keys.map(({ key }) => key.hashes[0]),
      keys.map(({ key }) => key.hashes[1] ?? null),
      keys.map(({ asked }) => asked),
      keys.map(({ asking }) => (asking ? this.#gate.sparing(asking).spare : 0)),
      keys.map(({ asking }) => (asking ? this.#gate.sparing(asking).returned : 0)),
      places.map((place) => place + 1),
      items.map((item) => (item.key.question ? 1 : 0)),
      items.map((item) => item.waitlistId),
      items.map((item) => item.email.email),
      items.map((item) => item.email.canonical),
      items.map((item) => item.referralCode),
      items.map((item) => item.joinedAt),
      items.map((item) => item.idempotency?.key ?? null),
      items.map((item) => item.idempotency?.fingerprint ?? null),
      items.map((item) => item.meta.requestId),
      items.map((item) => item.meta.ip),
      items.map((item) => item.meta.userAgent),
    ])
    this.#services.growth.added(rows.filter(({ result }) => result === 'added').length)
    const attempts: ApiKeyAttempt[] = []
    for (const { ordinal, attempt } of rows) {
      if (attempt) attempts[-ordinal - 1] = { ...attempt, key_created_at: new Date(attempt.key_created_at) }
    }
    const created: CreatedThroughKey[] = []
    for (const { ordinal, result, status, body } of rows) {
      if (ordinal < 0) continue
      const attempt = attempts[places[ordinal - 1] ?? 0]
      if (!attempt) throw new Error('api_create_subscribers told nothing of a key')
      created[ordinal - 1] = { attempt, result, status, body }
    }
    return created
  }

  async #ask(items: CreateThroughKey[], values: unknown[]): Promise<CreatedRow[]> {
    const { db, log } = this.#services
    if (items.every(({ referralCode }) => referralCode === null)) return db.run(create, values)
    const asked = (key: string | null | undefined) => {
      const hashes = items.map(({ referralCode, waitlistId, email }) =>
        key && referralCode !== null ? removalHash(key, waitlistId, email.canonical) : null,
      )
      return db.run<CreatedRow>(createReferred, [key === undefined ? null : hashes, ...values])
    }
    const hint = items[0]?.key.organisationId
    const created = await asked(hint === undefined ? undefined : this.#removalKeys.get(hint))
    const [first] = created
    if (!first?.sealed_key) return created
    const key = openRemovalKey(this.#services, first.sealed_key) ?? null
    if (key === null)
      log.error(
        { organisation: first.attempt?.organisation_id },
        'the key for removed addresses was sealed under another SECRET_KEY',
      )
    if (this.#removalKeys.size >= maxHints) this.#removalKeys.clear()
    if (first.attempt) this.#removalKeys.set(first.attempt.organisation_id, key)
    return asked(key)
  }
}
