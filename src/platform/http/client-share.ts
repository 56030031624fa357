import { networkPrefixes, type PrefixReach } from '../rate-limit/network-prefixes.ts'

/** A wider prefix may hold as much as so many clients. */
const clientsIn: Record<PrefixReach, number> = { host: 1, network: 2, provider: 4 }

export type Refused = 'by_address' | 'by_process'

/**
 * How much of one thing the clients hold, under each of their network prefixes and all together. Once half of all is held,
 * every share shrinks in proportion to what is left: the largest holders are refused first, and newcomers still find room.
 */
export class ClientShare {
  readonly #most: { each: number; inAll: number }
  readonly #held = new Map<string, number>()
  #heldInAll = 0

  constructor(most: { each: number; inAll: number }) {
    this.#most = most
  }

  get heldInAll(): number {
    return this.#heldInAll
  }

  /** Whether there was no room, and whose. Undefined: it is held now, until it is given back. */
  take(ip: string | null, amount = 1): Refused | undefined {
    const { each, inAll } = this.#most
    const prefixes = networkPrefixes(ip)
    const heldBy = (prefix: string) => (this.#held.get(prefix) ?? 0) + amount
    const isWithin = (share: number) =>
      prefixes.every(({ reach, prefix }) => heldBy(prefix) <= share * clientsIn[reach])
    if (!isWithin(each)) return 'by_address'
    const shrunk = each * Math.min(1, (2 * (inAll - this.#heldInAll)) / inAll)
    if (this.#heldInAll + amount > inAll || !isWithin(shrunk)) return 'by_process'
    for (const { prefix } of prefixes) this.#held.set(prefix, heldBy(prefix))
    this.#heldInAll += amount
    return undefined
  }

  giveBack(ip: string | null, amount = 1): void {
    this.#heldInAll -= amount
    for (const { prefix } of networkPrefixes(ip)) {
      const held = (this.#held.get(prefix) ?? 0) - amount
      if (held > 0) this.#held.set(prefix, held)
      else this.#held.delete(prefix)
    }
  }
}
