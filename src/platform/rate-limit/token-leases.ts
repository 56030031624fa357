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

/** A question to the shared bucket. */
export interface TokenQuestion {
  askedAtMs: number
  mayAskForSpare: boolean
  /** Unspent tokens of an earlier answer, for the bucket to have back. */
  returned: number
}

interface Lease {
  left: number
  /** What the shared bucket and this lease held together when it was made, less what was spent since. */
  remaining: number
  expiresAtMs: number
  /** Until then, at most, a question for spare tokens is under way. */
  askedUntilMs: number
  /** Until then the shared bucket has no token, as it said itself. */
  refusedUntilMs: number
}

/** How long spare tokens may be spent; `take_tokens` in the database counts on it. */
const leaseMs = 100
/** A question that has had no answer for so long was lost. */
const answerMs = 2_000
const maxLeases = 10_000
/** How many of the oldest are looked at for one that holds nothing. */
const looked = 32
const none: Lease = { left: 0, remaining: 0, expiresAtMs: 0, askedUntilMs: 0, refusedUntilMs: 0 }

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

  /**
   * Notes that the bucket is being asked. One question at a time may ask for spare tokens, so that a process never holds
   * more than one helping; it also gives back what an earlier one left unspent.
   */
  ask(subject: string): TokenQuestion {
    const askedAtMs = this.#clockMs()
    const lease = this.#leases.get(subject)
    if (lease && lease.askedUntilMs > askedAtMs) return { askedAtMs, mayAskForSpare: false, returned: 0 }
    this.#put(subject, { ...none, askedUntilMs: askedAtMs + answerMs })
    return { askedAtMs, mayAskForSpare: true, returned: lease?.left ?? 0 }
  }

  /** Keeps what the bucket answered to a question that might ask for spare tokens. */
  keep(subject: string, askedAtMs: number, grant: Pick<Grant, 'spare' | 'remaining'>): void {
    this.#put(subject, { ...none, left: grant.spare, remaining: grant.remaining, expiresAtMs: askedAtMs + leaseMs })
  }

  /** Takes back what is left, for the bucket to have it. */
  takeBack(subject: string): number {
    const lease = this.#leases.get(subject)
    if (!lease || lease.left < 1) return 0
    const { left } = lease
    lease.left = 0
    return left
  }

  /** Keeps nothing of what turned out to have no bucket. */
  forget(subject: string): void {
    this.#leases.delete(subject)
  }

  /** Keeps that the bucket has no token for some seconds: it need not be asked until then. */
  refuse(subject: string, seconds: number): void {
    this.#put(subject, { ...none, refusedUntilMs: this.#clockMs() + seconds * 1_000 })
  }

  /** The seconds until the bucket has a token again, where it said so; undefined when it must be asked. */
  refusedFor(subject: string): number | undefined {
    const leftMs = (this.#leases.get(subject)?.refusedUntilMs ?? 0) - this.#clockMs()
    return leftMs > 0 ? leftMs / 1_000 : undefined
  }

  /** At the end of those that were asked for longest ago. */
  #put(subject: string, lease: Lease): void {
    this.#leases.delete(subject)
    if (this.#leases.size >= maxLeases) this.#evictOne()
    this.#leases.set(subject, lease)
  }

  /** Of the oldest the first that holds nothing, or else one that only asks, or else the oldest of all. */
  #evictOne(): void {
    const nowMs = this.#clockMs()
    const rankOf = ({ left, expiresAtMs, askedUntilMs }: Lease) =>
      askedUntilMs > nowMs ? 1 : left < 1 || expiresAtMs <= nowMs ? 0 : 2
    let worst: { subject: string; rank: number } | undefined
    let seen = 0
    for (const [subject, lease] of this.#leases) {
      const rank = rankOf(lease)
      if (!worst || rank < worst.rank) worst = { subject, rank }
      seen += 1
      if (rank === 0 || seen >= looked) break
    }
    if (worst) this.#leases.delete(worst.subject)
  }
}
