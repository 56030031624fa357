import type { Database } from '../db/database.ts'
import { type PrefixRules, prefixBuckets } from './network-prefixes.ts'
import { takeToken } from './take-token.ts'
import type { Bucket } from './take-tokens.ts'
import { TokenLeases } from './token-leases.ts'

/**
 * Counts requests under the network prefixes of their address, for what comes so often that asking the database each time
 * would cost more than the request: a busy prefix leases spare tokens.
 */
export class LeasedPrefixLimit {
  readonly #db: Database
  readonly #name: string
  readonly #rules: PrefixRules
  readonly #leases = new TokenLeases()

  constructor(db: Database, name: string, rules: PrefixRules) {
    this.#db = db
    this.#name = name
    this.#rules = rules
  }

  /**
   * Counts a request; answers the seconds to wait where it is one too many. The narrowest prefix comes first: a client past
   * its own limit uses up nothing of its neighbours'. While the database is away nothing is limited.
   */
  async findWait(ip: string | null): Promise<number | undefined> {
    for (const bucket of prefixBuckets(this.#name, ip, this.#rules)) {
      const seconds = await this.#take(bucket)
      if (seconds !== undefined) return seconds
    }
    return undefined
  }

  async #take({ subject, rule }: Bucket): Promise<number | undefined> {
    if (this.#leases.spend(subject) !== undefined) return undefined
    // What the shared bucket refused costs it nothing more until then.
    const refusedFor = this.#leases.refusedFor(subject)
    if (refusedFor !== undefined) return Math.max(1, Math.ceil(refusedFor))
    const { askedAtMs, mayAskForSpare, returned } = this.#leases.ask(subject)
    const spare = mayAskForSpare ? rule.burst / 10 : 0
    const grant = await takeToken(this.#db, subject, rule, spare, returned).catch(() => undefined)
    if (grant?.granted === 0) {
      this.#leases.refuse(subject, grant.retry_after)
      return Math.max(1, Math.ceil(grant.retry_after))
    }
    if (grant && mayAskForSpare) this.#leases.keep(subject, askedAtMs, grant)
    return undefined
  }
}
