import { callsAtOnce } from '../../platform/db/calls-at-once.ts'
import type { Statement } from '../../platform/db/database.ts'
import { GroupedCalls } from '../../platform/db/grouped-calls.ts'
import { AppError } from '../../platform/errors.ts'
import { TokenLeases, type TokenQuestion } from '../../platform/rate-limit/token-leases.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { plansWithApiAccess } from '../plans/plan-rules.ts'
import { type ApiKeyAttempt, invalidApiKey, requireLiveKey } from './api-key-attempt.ts'
import { hasValidChecksum } from './api-key-secret.ts'
import { HashRenewals } from './hash-renewals.ts'
import { KeyReuseTracker } from './key-reuse-tracker.ts'
import { KeyUseTracker } from './key-use-tracker.ts'
import { type CeilingEntry, OrganisationCeilings } from './organisation-ceilings.ts'

/** A token of a key's form that a request came with. Whether it is a live key only the database can say. */
export interface PresentedKey extends CeilingEntry {
  /** Under the current SECRET_KEY, then under the previous one during a rotation. */
  hashes: Buffer[]
  subject: string
  /** What remains after a spare token was spent on this request; undefined when the shared bucket must be asked. */
  spentLeaving: number | undefined
  question: TokenQuestion | undefined
}

/** What the rate limit headers tell. */
interface RateState {
  remaining: number
  /** Seconds until the next token, where there is none. */
  nextTokenSeconds: number | undefined
}

/** What a request's headers and failures need to know of its key, also where the request is refused. */
export interface KeyNote {
  rate?: RateState
  revoked?: boolean
}

interface KeyCheck {
  key: PresentedKey
  scope: string | null
}

const chargeTokens: Statement = {
  name: 'charge_tokens',
  text: 'select subject, remaining from charge_tokens($1, $2, $3, $4)',
}

const authorizeMany: Statement = {
  name: 'authorize_api_keys',
  text: 'select (a.attempt).* from authorize_api_keys($1, $2, $3, $4, $5, $6, $7, $8, $9) a order by a.ordinal',
}

/** How many tokens a request may take beyond its own, as a share of the burst. */
const spareShare = 10

/** Everything a process keeps for checking keys. It never remembers that a key is good: the database is asked each time. */
export class KeyGate {
  readonly uses: KeyUseTracker
  readonly #reuses: KeyReuseTracker
  readonly #leases = new TokenLeases()
  readonly #services: Services
  readonly #checks: GroupedCalls<KeyCheck, ApiKeyAttempt>
  readonly #ceilings: OrganisationCeilings
  readonly #renewals: HashRenewals
  readonly rule: { perSecond: number; burst: number }

  constructor(services: Services) {
    this.#services = services
    this.uses = new KeyUseTracker(services)
    this.#reuses = new KeyReuseTracker(services)
    const maxRunning = Math.min(4, callsAtOnce(services.config, 'reading'))
    this.#checks = new GroupedCalls((checks) => this.#authorize(checks), { maxItems: 16, maxRunning })
    const { perMinute, burst } = services.config.rateLimit
    this.rule = { perSecond: perMinute / 60, burst }
    this.#ceilings = new OrganisationCeilings(services, this.rule)
    this.#renewals = new HashRenewals(services)
  }

  /** @throws AppError `invalid_api_key` for what cannot be a key, without touching the database. */
  present(token: string): PresentedKey {
    if (!hasValidChecksum(token)) throw invalidApiKey()
    const hashes = this.#services.secrets.hashes('api-key', token)
    const subject = (hashes[0] ?? Buffer.alloc(0)).toString('base64')
    const spentLeaving = this.#leases.spend(subject)
    return {
      hashes,
      subject,
      spentLeaving,
      question: spentLeaving === undefined ? this.#leases.ask(subject) : undefined,
      ...this.#ceilings.enter(subject),
    }
  }

  /** How many tokens beyond its own a request asks for, and how many it gives back. */
  sparing({ question }: PresentedKey): { spare: number; returned: number } {
    return {
      spare: question?.mayAskForSpare ? Math.floor(this.rule.burst / spareShare) : 0,
      returned: question?.returned ?? 0,
    }
  }

  /** The check of a key alone, for requests that go no further. Those under way at the same time go together. */
  authorize(key: PresentedKey, scope: string | null): Promise<ApiKeyAttempt> {
    return this.#checks.call('keys', { key, scope })
  }

  #authorize(checks: KeyCheck[]): Promise<ApiKeyAttempt[]> {
    return this.#services.db.run<ApiKeyAttempt>(authorizeMany, [
      checks.map(({ key }) => key.hashes[0]),
      checks.map(({ key }) => key.hashes[1] ?? null),
      checks.map(({ scope }) => scope),
      plansWithApiAccess,
      this.rule.perSecond,
      this.rule.burst,
      checks.map(({ key }) => (key.question ? 1 : 0)),
      checks.map(({ key }) => this.sparing(key).spare),
      checks.map(({ key }) => this.sparing(key).returned),
    ])
  }

  /** The first eight arguments of the SQL functions that authorise and do something for one key. */
  attemptArguments(key: PresentedKey, scope: string | null): unknown[] {
    const { spare, returned } = this.sparing(key)
    return [
      key.hashes,
      scope,
      plansWithApiAccess,
      this.rule.perSecond,
      this.rule.burst,
      key.question ? 1 : 0,
      spare,
      returned,
    ]
  }

  /**
   * Takes note of what the database said: the use, the spare tokens, a use after revoke, a hash to renew.
   * @throws AppError for every attempt but a good one; `note` is filled in first.
   */
  settle(key: PresentedKey, attempt: ApiKeyAttempt, scope: string | null, meta: RequestMeta, note: KeyNote): void {
    note.revoked = attempt.outcome === 'revoked'
    const isLive = attempt.outcome !== 'unknown' && !note.revoked
    if (!isLive) this.#leases.forget(key.subject)
    else if (key.question?.mayAskForSpare) {
      this.#leases.keep(key.subject, key.question.askedAtMs, {
        spare: attempt.spare ?? 0,
        remaining: attempt.remaining ?? 0,
      })
    }
    if (note.revoked) this.#reuses.record(attempt.organisation_id, attempt.key_id, meta)
    else if (isLive) note.rate = this.#rateState(tokensLeft(key, attempt))
    if (attempt.outcome !== 'unknown') this.#renewals.note(key.hashes, attempt)
    this.#ceilings.settle(key, attempt)
    requireLiveKey(attempt, scope)
    this.uses.record(attempt.key_id, attempt.organisation_id, meta.ip)
    if (attempt.outcome === 'rate') {
      throw tooManyRequests('This key has made too many requests.', attempt.retry_after ?? 1)
    }
    // Whatever else the request asks of the database, it has its token.
    key.spentLeaving ??= attempt.remaining ?? 0
    key.question = undefined
  }

  /** @throws AppError `rate_limited` where the ceiling was reached, for a key that has been settled. */
  requireBelowCeiling({ ceilingSeconds }: PresentedKey, note: KeyNote): void {
    if (ceilingSeconds === undefined) return
    const seconds = Math.max(ceilingSeconds, note.rate?.nextTokenSeconds ?? 0)
    throw tooManyRequests("This organisation's keys have made too many requests together.", seconds)
  }

  /** Takes what a request cost beyond its own token from its key's bucket, into debt if need be, and from the ceiling. */
  async charge(key: PresentedKey, attempt: ApiKeyAttempt, tokens: number, note: KeyNote): Promise<void> {
    const returned = this.#leases.takeBack(key.subject)
    const { perSecond, burst } = this.rule
    const [row] = await this.#services.db.run<{ remaining: number }>(chargeTokens, [
      [`key:${attempt.key_id}`],
      [tokens - returned],
      perSecond,
      burst,
    ])
    if (row) {
      key.spentLeaving = row.remaining
      note.rate = this.#rateState(row.remaining)
    }
    this.#ceilings.spend(attempt.organisation_id, tokens)
  }

  #rateState(tokens: number): RateState {
    const remaining = Math.max(0, Math.floor(tokens + 1e-9))
    return {
      remaining,
      nextTokenSeconds: remaining > 0 ? undefined : Math.max(1, Math.ceil((1 - tokens) / this.rule.perSecond)),
    }
  }
}

function tokensLeft({ spentLeaving }: PresentedKey, { outcome, remaining }: ApiKeyAttempt): number {
  return (outcome === 'rate' ? remaining : (spentLeaving ?? remaining)) ?? 0
}

function tooManyRequests(what: string, wait: number): AppError {
  const seconds = Math.max(1, Math.ceil(wait))
  return new AppError('rate_limited', `${what} Try again in ${seconds} s.`, {
    headers: { 'Retry-After': String(seconds) },
  })
}
