import { AppError } from '../errors.ts'

interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

interface Group<Item, Result> {
  waiting: Waiting<Item, Result>[]
  running: number
  /** Whether it stands in the queue for its turn. */
  queued: boolean
}

interface Options {
  maxItems: number
  /** Calls of one group at a time. */
  maxRunning: number
  /** How many must wait for another call of a group to begin beside one that runs; 1 where it is left out. */
  minItemsBeside?: number
  /** Calls of all groups at a time. */
  maxRunningInAll?: number
}

/**
 * Gathers calls that arrive while others are under way into one call for all of them. Where as many run as may, groups take
 * turns, and each gathers until its own has come. Nothing ever waits for company.
 */
export class GroupedCalls<Item, Result> {
  readonly #run: (items: Item[]) => Promise<Result[]>
  readonly #options: Required<Options>
  readonly #groups = new Map<string, Group<Item, Result>>()
  readonly #queue: string[] = []
  #running = 0

  /** `run` answers one result for each item, in the same order. */
  constructor(run: (items: Item[]) => Promise<Result[]>, options: Options) {
    this.#run = run
    this.#options = { minItemsBeside: 1, maxRunningInAll: Number.POSITIVE_INFINITY, ...options }
  }

  call(name: string, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const group = this.#groups.get(name) ?? { waiting: [], running: 0, queued: false }
      this.#groups.set(name, group)
      group.waiting.push({ item, resolve, reject })
      const { length } = group.waiting
      // After this turn of the event loop: requests that arrived together go together.
      if (length === 1 || length === this.#options.minItemsBeside) setImmediate(() => this.#start(name))
    })
  }

  #start(name: string): void {
    const group = this.#groups.get(name)
    const { maxItems, maxRunning, minItemsBeside, maxRunningInAll } = this.#options
    if (!group || group.queued || group.running >= maxRunning) return
    if (group.waiting.length < (group.running > 0 ? minItemsBeside : 1)) {
      if (group.running === 0) this.#groups.delete(name)
      return
    }
    if (this.#running >= maxRunningInAll) {
      group.queued = true
      this.#queue.push(name)
      return
    }
    const members = group.waiting.splice(0, maxItems)
    group.running += 1
    this.#running += 1
    this.#run(members.map((member) => member.item)).then(
      (results) => {
        // First of all the next call, so that the database works while these are answered. A pool of connections sends it
        // after this turn's promises.
        this.#end(name, group)
        setImmediate(() => answer(members, results))
      },
      (error: unknown) => {
        // Where the database was away, whoever has waited behind this call has waited long enough too.
        const away = error instanceof AppError && error.code === 'unavailable'
        for (const member of away ? [...members, ...group.waiting.splice(0)] : members) member.reject(error)
        this.#end(name, group)
      },
    )
  }

  #end(name: string, group: Group<Item, Result>): void {
    group.running -= 1
    this.#running -= 1
    while (this.#running < this.#options.maxRunningInAll && this.#queue.length > 0) this.#startNext()
    this.#start(name)
  }

  #startNext(): void {
    const name = this.#queue.shift() ?? ''
    const group = this.#groups.get(name)
    if (!group) return
    group.queued = false
    this.#start(name)
  }
}

/** Answering a request takes its time: others have a turn in between. */
const answeredInOneTurn = 8

function answer<Item, Result>(members: Waiting<Item, Result>[], results: Result[], from = 0): void {
  const past = Math.min(from + answeredInOneTurn, members.length)
  for (let i = from; i < past; i++) {
    const result = results[i]
    if (result === undefined) members[i]?.reject(new Error('a grouped call answered too few results'))
    else members[i]?.resolve(result)
  }
  if (past < members.length) setImmediate(() => answer(members, results, past))
}
