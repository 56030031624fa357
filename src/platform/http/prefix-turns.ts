import { type NetworkPrefix, networkPrefixes } from '../rate-limit/network-prefixes.ts'

interface Link<T> {
  value: T
  behind: Link<T> | undefined
}

/** First in, first out. A linked list, because removing the first element of a long array is slow. */
class Fifo<T> {
  #first: Link<T> | undefined
  #last: Link<T> | undefined

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  push(value: T): void {
    const link: Link<T> = { value, behind: undefined }
    if (this.#last) this.#last.behind = link
    else this.#first = link
    this.#last = link
  }

  shift(): T | undefined {
    const link = this.#first
    if (!link) return undefined
    this.#first = link.behind
    if (!this.#first) this.#last = undefined
    return link.value
  }
}

/** What waits under one prefix: the narrower prefixes in it, and items of clients for which it is the narrowest. */
class Group<T> {
  readonly prefix: string
  readonly #narrower = new Map<string, Group<T>>()
  readonly #turns = new Fifo<Group<T>>()
  readonly #items = new Fifo<T>()

  constructor(prefix: string) {
    this.prefix = prefix
  }

  get isEmpty(): boolean {
    return this.#turns.isEmpty && this.#items.isEmpty
  }

  /** `level` is the index of the prefix to descend into; the widest prefix is last. */
  add(prefixes: readonly NetworkPrefix[], level: number, item: T): void {
    const prefix = prefixes[level]?.prefix
    if (prefix === undefined) {
      this.#items.push(item)
      return
    }
    let group = this.#narrower.get(prefix)
    if (!group) {
      group = new Group(prefix)
      this.#narrower.set(prefix, group)
      this.#turns.push(group)
    }
    group.add(prefixes, level - 1, item)
  }

  /** Drops unwanted items: nobody's turn is spent on them, and they do not pile up. */
  take(isWanted: (item: T) => boolean): T | undefined {
    for (let group = this.#turns.shift(); group; group = this.#turns.shift()) {
      const item = group.take(isWanted)
      if (group.isEmpty) this.#narrower.delete(group.prefix)
      else this.#turns.push(group)
      if (item !== undefined) return item
    }
    let item = this.#items.shift()
    while (item !== undefined && !isWanted(item)) item = this.#items.shift()
    return item
  }
}

/**
 * A queue in which clients take turns: first the widest network prefixes, then the narrower ones within each. Items of one
 * address, or of one IPv6 /64, come out in the order in which they were added. Adding and taking cost the same at any length.
 */
export class PrefixTurns<T> {
  readonly #all = new Group<T>('')
  readonly #isWanted: (item: T) => boolean

  /** Items that are not wanted any more when their turn comes are dropped. */
  constructor(isWanted: (item: T) => boolean = () => true) {
    this.#isWanted = isWanted
  }

  get isEmpty(): boolean {
    return this.#all.isEmpty
  }

  add(ip: string | null, item: T): void {
    const prefixes = networkPrefixes(ip)
    this.#all.add(prefixes, prefixes.length - 1, item)
  }

  take(): T | undefined {
    return this.#all.take(this.#isWanted)
  }
}
