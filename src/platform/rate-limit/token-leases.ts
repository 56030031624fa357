/** A bucket's size and speed: `burst` tokens at most, `perSecond` coming back. */
export interface BucketRule {
  perSecond: number
  burst: number
}

/** What the shared bucket answered: tokens granted, spare ones to spend within 100 ms, and what was left before the spare ones. */
export interface Grant {
  granted: number
  spare: number
  remaining: number
  retry_after: number
}

interface Lease {
  left: number
  /** What the shared bucket and this lease held together when it was made, less what was spent since. */
  remaining: number
  expiresAtMs: number
}

/** How long spare tokens may be spent; `take_tokens` in the database counts on it. */
const leaseMs = 100
const maxLeases = 10_000

/**
 * Spare tokens of shared buckets, so that a busy key asks the database for a token once in ten requests and not every
 * time. Counted from before the question was asked, so that a lease never outlives what the database assumed.
 */
export class TokenLeases {
  readonly #leases = new Map<string, Lease>()
  readonly #clockMs: () => number

  constructor(clockMs: () => number = () => performance.now()) {
    this.#clockMs = clockMs
  }

  /** Spends a spare token if there is one: answers what remains, or undefined when the bucket must be asked. */
  spend(subject: string): number | undefined {
    const lease = this.#leases.get(subject)
    if (!lease || lease.left < 1 || lease.expiresAtMs <= this.#clockMs()) return undefined
    lease.left -= 1
    lease.remaining -= 1
    return lease.remaining
  }

  /** The unspent tokens of a lease that has run out, for the bucket to have back with the next question. */
  reclaim(subject: string): number {
    const lease = this.#leases.get(subject)
    if (!lease) return 0
    this.#leases.delete(subject)
    return lease.left
  }

  /** The time to pass to `keep` with the answer to a question asked now. */
  askedAt(): number {
    return this.#clockMs()
  }

  keep(subject: string, askedAtMs: number, grant: Pick<Grant, 'spare' | 'remaining'>): void {
    if (grant.spare < 1) return
    if (this.#leases.size >= maxLeases) this.#leases.clear()
    const current = this.#leases.get(subject)
    const unexpired = current && current.expiresAtMs > this.#clockMs() ? current.left : 0
    const expiresAtMs =
      unexpired > 0 && current ? Math.min(current.expiresAtMs, askedAtMs + leaseMs) : askedAtMs + leaseMs
    this.#leases.set(subject, { left: unexpired + grant.spare, remaining: grant.remaining, expiresAtMs })
  }
}
