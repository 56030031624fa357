import { AppError } from '../errors.ts'

interface Waiting<Item, Result> {
  item: Item
  resolve: (result: Result) => void
  reject: (error: unknown) => void
}

/**
 * Gathers calls that arrive while others are under way into one call for all of them. Calls of one group run one after
 * the other, so that the second gathers whatever came during the first; nothing ever waits for company.
 */
export class GroupedCalls<Item, Result> {
  readonly #run: (items: Item[]) => Promise<Result[]>
  readonly #maxItems: number
  readonly #maxRunning: number
  readonly #groups = new Map<string, { waiting: Waiting<Item, Result>[]; running: number }>()

  /** `run` answers one result for each item, in the same order. */
  constructor(run: (items: Item[]) => Promise<Result[]>, options: { maxItems: number; maxRunning: number }) {
    this.#run = run
    this.#maxItems = options.maxItems
    this.#maxRunning = options.maxRunning
  }

  call(group: string, item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const state = this.#groups.get(group) ?? { waiting: [], running: 0 }
      this.#groups.set(group, state)
      state.waiting.push({ item, resolve, reject })
      // After this turn of the event loop: requests that arrived together go together.
      if (state.waiting.length === 1) setImmediate(() => this.#start(group))
    })
  }

  #start(group: string): void {
    const state = this.#groups.get(group)
    if (!state || state.running >= this.#maxRunning) return
    const members = state.waiting.splice(0, this.#maxItems)
    if (members.length === 0) {
      if (state.running === 0) this.#groups.delete(group)
      return
    }
    state.running += 1
    this.#run(members.map((member) => member.item)).then(
      (results) => {
        // First of all the next call, so that the database works while these are answered.
        this.#end(group, state)
        for (const [i, member] of members.entries()) {
          const result = results[i]
          if (result === undefined) member.reject(new Error('a grouped call answered too few results'))
          else member.resolve(result)
        }
      },
      (error: unknown) => {
        // Where the database was away, whoever has waited behind this call has waited long enough too.
        const away = error instanceof AppError && error.code === 'unavailable'
        for (const member of away ? [...members, ...state.waiting.splice(0)] : members) member.reject(error)
        this.#end(group, state)
      },
    )
  }

  #end(group: string, state: { running: number }): void {
    state.running -= 1
    this.#start(group)
  }
}
