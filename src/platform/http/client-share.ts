import { subscriberLine, subscriberSite } from '../rate-limit/subscriber-line.ts'

/** With IPv6 a site of 65,536 networks may hold as much as so many of them. */
const linesInSite = 2
const mostRemembered = 10_000

export type Refused = 'by_address' | 'by_process'

/** How much of one thing the clients hold, each of them (an IPv4 address, an IPv6 /64 or /48) and all together. */
export class ClientShare {
  readonly #most: { each: number; inAll: number }
  readonly #held = new Map<string, number>()
  readonly #keys = new Map<string, [key: string, shares: number][]>()
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
    const keys = this.#keysOf(ip)
    for (const [key, shares] of keys) if ((this.#held.get(key) ?? 0) + amount > each * shares) return 'by_address'
    if (this.#heldInAll + amount > inAll) return 'by_process'
    for (const [key] of keys) this.#held.set(key, (this.#held.get(key) ?? 0) + amount)
    this.#heldInAll += amount
    return undefined
  }

  giveBack(ip: string | null, amount = 1): void {
    this.#heldInAll -= amount
    for (const [key] of this.#keysOf(ip)) {
      const held = (this.#held.get(key) ?? 0) - amount
      if (held > 0) this.#held.set(key, held)
      else this.#held.delete(key)
    }
  }

  /** Reading an address takes longer than all the rest. */
  #keysOf(ip: string | null): [key: string, shares: number][] {
    const known = this.#keys.get(ip ?? '')
    if (known) return known
    if (this.#keys.size >= mostRemembered) this.#keys.clear()
    const keys = readKeys(ip)
    this.#keys.set(ip ?? '', keys)
    return keys
  }
}

/** What an address is counted under, and how many shares that has. */
function readKeys(ip: string | null): [key: string, shares: number][] {
  const site = subscriberSite(ip)
  return site === undefined
    ? [[subscriberLine(ip), 1]]
    : [
        [subscriberLine(ip), 1],
        [site, linesInSite],
      ]
}
