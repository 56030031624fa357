import type { Statement } from '../db/database.ts'
import type { Services } from '../services.ts'
import type { BucketRule } from './token-leases.ts'

interface Mirror {
  /** What the shared bucket had when it answered last, less what this process has spent since. */
  tokens: number
  atMs: number
  /** Spent here, and not yet taken from the shared bucket. */
  owed: number
}

interface Charged {
  subject: string
  remaining: number
}

const charge: Statement = {
  name: 'charge_tokens',
  text: 'select subject, remaining from charge_tokens($1, $2, $3, $4)',
}

const syncEveryMs = 100
const afterFailureMs = 5_000
/** As a share of the burst: so much spent is told at once. */
const toldAtOnce = 10
const maxMirrors = 10_000

/**
 * Buckets that all processes share, for ceilings that no request may wait for: tokens are spent here, and taken from the shared
 * buckets at most a tenth of a second later, into debt where other processes have spent them meanwhile. So a burst may be
 * passed by what further processes let through in that time, and what was passed is waited for afterwards.
 */
export class BucketMirror {
  readonly #services: Pick<Services, 'db' | 'log'>
  readonly #rule: BucketRule
  readonly #clockMs: () => number
  readonly #mirrors = new Map<string, Mirror>()
  readonly #owing = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #syncing: Promise<void> | undefined
  #isFailing = false

  constructor(services: Pick<Services, 'db' | 'log'>, rule: BucketRule, clockMs = () => performance.now()) {
    this.#services = services
    this.#rule = rule
    this.#clockMs = clockMs
  }

  /** Spends a token; the seconds to wait where there is none, and nothing is spent. */
  take(subject: string): number | undefined {
    const tokens = this.#tokensOf(subject)
    if (tokens < 1) return (1 - tokens) / this.#rule.perSecond
    this.spend(subject, 1)
    return undefined
  }

  /** Spends tokens that there may not be, or gives back (fewer than none) what was taken for nothing. */
  spend(subject: string, tokens: number): void {
    const left = this.#tokensOf(subject)
    const mirror = this.#mirrors.get(subject) ?? { tokens: left, atMs: this.#clockMs(), owed: 0 }
    mirror.tokens -= tokens
    mirror.owed += tokens
    this.#keep(subject, mirror)
    this.#owing.add(subject)
    if (mirror.owed * toldAtOnce >= this.#rule.burst && !this.#isFailing) void this.sync()
    else this.#syncLater()
  }

  /** Takes from the shared buckets what was spent here, in one statement. What fails is tried again with what comes next. */
  sync(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#syncing ??= this.#sync().finally(() => {
      this.#syncing = undefined
      if (this.#owing.size > 0) this.#syncLater()
    })
    return this.#syncing
  }

  #syncLater(): void {
    this.#timer ??= setTimeout(() => void this.sync(), this.#isFailing ? afterFailureMs : syncEveryMs).unref()
  }

  async #sync(): Promise<void> {
    const debts = [...this.#owing].map((subject) => ({ subject, owed: this.#mirrors.get(subject)?.owed ?? 0 }))
    this.#owing.clear()
    const told = debts.filter(({ owed }) => owed !== 0)
    if (told.length === 0) return
    for (const { subject, owed } of told) this.#settle(subject, -owed)
    try {
      const charged = await this.#services.db.run<Charged>(charge, [
        told.map(({ subject }) => subject),
        told.map(({ owed }) => owed),
        this.#rule.perSecond,
        this.#rule.burst,
      ])
      this.#isFailing = false
      for (const { subject, remaining } of charged) {
        const mirror = this.#mirrors.get(subject)
        if (mirror) Object.assign(mirror, { tokens: remaining - mirror.owed, atMs: this.#clockMs() })
      }
    } catch (error) {
      this.#isFailing = true
      for (const { subject, owed } of told) {
        this.#settle(subject, owed)
        this.#owing.add(subject)
      }
      this.#services.log.warn({ err: error }, 'could not take tokens from shared buckets; trying again')
    }
  }

  #settle(subject: string, owed: number): void {
    const mirror = this.#mirrors.get(subject)
    if (mirror) mirror.owed += owed
  }

  #tokensOf(subject: string): number {
    const mirror = this.#mirrors.get(subject)
    if (!mirror) return this.#rule.burst
    const nowMs = this.#clockMs()
    mirror.tokens = Math.min(this.#rule.burst, mirror.tokens + ((nowMs - mirror.atMs) / 1_000) * this.#rule.perSecond)
    mirror.atMs = nowMs
    return mirror.tokens
  }

  #keep(subject: string, mirror: Mirror): void {
    if (!this.#mirrors.has(subject) && this.#mirrors.size >= maxMirrors) this.#evictOne()
    this.#mirrors.set(subject, mirror)
  }

  /** The one that was made longest ago, of those that owe nothing. */
  #evictOne(): void {
    for (const subject of this.#mirrors.keys()) {
      if (this.#owing.has(subject)) continue
      this.#mirrors.delete(subject)
      return
    }
  }
}
