import { AppError } from '../errors.ts'

interface FairQueueOptions {
  /** How many run at the same time. */
  concurrency: number
  /** How many wait. Past that the key with the most waiting loses its newest, strangers first. */
  maxWaiting: number
  /** What a refused caller reads. */
  refusal: string
}

/** Whose work it is. */
export interface Turn {
  key: string
  /** Known clients take turns with all strangers together, and are refused after them. */
  isKnown: boolean
}

interface Waiting {
  start: () => void
  refuse: () => void
}

/** By key, the one whose turn is next first. No list is empty. */
type Lines = Map<string, Waiting[]>

const retryAfterSeconds = 5

/**
 * Work of one process that only few may do at once. The keys take turns, so that a flood under one key delays that key, and
 * the line is bounded. @throws AppError `unavailable` from `run` where the line is full.
 */
export class FairQueue {
  readonly #options: FairQueueOptions
  readonly #known: Lines = new Map()
  readonly #strangers: Lines = new Map()
  #isKnownNext = true
  #waiting = 0
  #running = 0

  constructor(options: FairQueueOptions) {
    this.#options = options
  }

  async run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    await this.#takeTurn(turn)
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#startNext()
    }
  }

  #takeTurn({ key, isKnown }: Turn): Promise<void> {
    if (this.#running < this.#options.concurrency) {
      this.#running += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const headers = { 'Retry-After': String(retryAfterSeconds) }
      const refuse = () => reject(new AppError('unavailable', this.#options.refusal, { headers }))
      const lines = isKnown ? this.#known : this.#strangers
      const line = lines.get(key)
      if (line) line.push({ start: resolve, refuse })
      else lines.set(key, [{ start: resolve, refuse }])
      this.#waiting += 1
      if (this.#waiting > this.#options.maxWaiting) this.#refuseOne()
    })
  }

  #startNext(): void {
    const isKnown = this.#strangers.size === 0 || (this.#isKnownNext && this.#known.size > 0)
    const lines = isKnown ? this.#known : this.#strangers
    const [next] = lines
    if (!next || this.#running >= this.#options.concurrency) return
    this.#isKnownNext = !isKnown
    const [key, line] = next
    const first = line.shift()
    lines.delete(key)
    if (line.length > 0) lines.set(key, line)
    this.#waiting -= 1
    this.#running += 1
    first?.start()
  }

  /** The newest of the longest line; of lines that are equally long the one that came last. */
  #refuseOne(): void {
    const lines = this.#strangers.size > 0 ? this.#strangers : this.#known
    const [key, line] = [...lines].reduce((longest, other) => (other[1].length >= longest[1].length ? other : longest))
    line.pop()?.refuse()
    if (line.length === 0) lines.delete(key)
    this.#waiting -= 1
  }
}
