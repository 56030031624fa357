import { subscriberLine, subscriberSite } from '../rate-limit/subscriber-line.ts'

/** With IPv6 a site of 65,536 networks may hold as much as so many of them. */
const linesInSite = 2
const mostRemembered = 10_000

export type Refused = 'by_address' | 'by_process'

/** How much of one thing the clients hold, each of them (an IPv4 address, an IPv6 /64 or /48) and all together. */
export class ClientShare {
  readonly #most: { each: number; inAll: number }
  readonly #held = new Map<string, number>()
  readonly #keys = new Map<string, [line: string, site: string | undefined]>()
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
    const [line, site] = this.#keysOf(ip)
    const heldByLine = (this.#held.get(line) ?? 0) + amount
    const heldBySite = site === undefined ? 0 : (this.#held.get(site) ?? 0) + amount
    if (heldByLine > each || heldBySite > each * linesInSite) return 'by_address'
    if (this.#heldInAll + amount > inAll) return 'by_process'
    this.#held.set(line, heldByLine)
    if (site !== undefined) this.#held.set(site, heldBySite)
    this.#heldInAll += amount
    return undefined
  }

  giveBack(ip: string | null, amount = 1): void {
    this.#heldInAll -= amount
    for (const key of this.#keysOf(ip)) {
      if (key === undefined) continue
      const held = (this.#held.get(key) ?? 0) - amount
      if (held > 0) this.#held.set(key, held)
      else this.#held.delete(key)
    }
  }

  /** Reading an address takes longer than all the rest. */
  #keysOf(ip: string | null): [line: string, site: string | undefined] {
    const known = this.#keys.get(ip ?? '')
    if (known) return known
    if (this.#keys.size >= mostRemembered) this.#keys.clear()
    const keys: [string, string | undefined] = [subscriberLine(ip), subscriberSite(ip)]
    this.#keys.set(ip ?? '', keys)
    return keys
  }
}
