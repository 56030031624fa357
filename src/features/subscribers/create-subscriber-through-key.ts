import type { Statement } from '../../platform/db/database.ts'
import { GroupedCalls } from '../../platform/db/grouped-calls.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiKeyAttempt } from '../api-keys/api-key-attempt.ts'
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

export interface CreatedThroughKey extends ApiKeyAttempt {
  /** What became of this member of the group, as `api_create_subscribers` says it. */
  result: ApiKeyAttempt['outcome'] | 'waitlist' | 'mismatch' | 'replayed' | 'added' | 'confirmed' | 'already_there'
  status: number
  /** The subscriber, as JSON text. */
  body: string
}

const create: Statement = {
  name: 'api_create_subscribers',
  text: `select (c.attempt).*, c.outcome as result, c.status, c.body
    from api_create_subscribers($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) c order by c.ordinal`,
}

/** Also tells who was removed before, and has earned somebody their place already. */
const createReferred: Statement = {
  name: 'api_create_referred',
  text: `select (c.attempt).*, c.outcome as result, c.status, c.body, c.sealed_key
    from api_create_referred($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) c order by c.ordinal`,
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
  /** Which organisation a key was of when last seen: who goes with whom, never who may. */
  readonly #organisations = new Map<string, string>()
  /** Of organisations, what the hashes of removed people are made with; it never changes. Null where nobody can open it. */
  readonly #removalKeys = new Map<string, string | null>()

  constructor(services: Services, gate: KeyGate) {
    this.#services = services
    this.#gate = gate
    this.#calls = new GroupedCalls((items) => this.#run(items), { maxItems: 64, maxRunning: 1 })
  }

  async create(item: CreateThroughKey): Promise<CreatedThroughKey> {
    const hint = this.#organisations.get(item.key.subject)
    const created = await this.#calls.call(hint ?? item.key.subject, item)
    if (!hint && created.organisation_id) {
      if (this.#organisations.size >= maxHints) this.#organisations.clear()
      this.#organisations.set(item.key.subject, created.organisation_id)
    }
    return created
  }

  async #run(items: CreateThroughKey[]): Promise<CreatedThroughKey[]> {
    const gate = this.#gate
    const first = items[0]
    if (!first) return []
    const [, scope, plans, perSecond, burst] = gate.attemptArguments(first.key, 'subscribers:write')
    const created = await this.#ask(items, [
      scope,
      plans,
      perSecond,
      burst,
      items.map((item) => item.key.hashes[0]),
      items.map((item) => item.key.hashes[1] ?? null),
      items.map((item) => (item.key.question ? 1 : 0)),
      items.map((item) => gate.sparing(item.key).spare),
      items.map((item) => item.key.question?.returned ?? 0),
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
    this.#services.growth.added(created.filter(({ result }) => result === 'added').length)
    return created
  }

  async #ask(items: CreateThroughKey[], values: unknown[]): Promise<CreatedThroughKey[]> {
    const { db, log } = this.#services
    if (items.every(({ referralCode }) => referralCode === null)) return db.run(create, values)
    const asked = (key: string | null | undefined) => {
      const hashes = items.map(({ referralCode, waitlistId, email }) =>
        key && referralCode !== null ? removalHash(key, waitlistId, email.canonical) : null,
      )
      return db.run<CreatedThroughKey & { sealed_key: Buffer | null }>(createReferred, [
        key === undefined ? null : hashes,
        ...values,
      ])
    }
    const hint = this.#organisations.get(items[0]?.key.subject ?? '')
    const created = await asked(hint === undefined ? undefined : this.#removalKeys.get(hint))
    const [first] = created
    if (!first?.sealed_key) return created
    const key = openRemovalKey(this.#services, first.sealed_key) ?? null
    if (key === null)
      log.error(
        { organisation: first.organisation_id },
        'the key for removed addresses was sealed under another SECRET_KEY',
      )
    if (this.#removalKeys.size >= maxHints) this.#removalKeys.clear()
    if (first.organisation_id) this.#removalKeys.set(first.organisation_id, key)
    return asked(key)
  }
}
