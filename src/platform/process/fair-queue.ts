import { AppError } from '../errors.ts'

interface FairQueueOptions {
  /** How many run at the same time. */
  concurrency: number
  /** How many wait. Past that the key with the most waiting loses its newest. */
  maxWaiting: number
  /** What a refused caller reads. */
  refusal: string
}

interface Waiting {
  start: () => void
  refuse: () => void
}

const retryAfterSeconds = 5

/**
 * Work of one process that only few may do at once. The keys take turns, so that a flood under one key delays that key, and
 * the line is bounded. @throws AppError `unavailable` from `run` where the line is full.
 */
export class FairQueue {
  readonly #options: FairQueueOptions
  /** By key, the one whose turn is next first. No list is empty. */
  readonly #lines = new Map<string, Waiting[]>()
  #waiting = 0
  #running = 0

  constructor(options: FairQueueOptions) {
    this.#options = options
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    await this.#takeTurn(key)
    try {
      return await work()
    } finally {
      this.#running -= 1
      this.#startNext()
    }
  }

  #takeTurn(key: string): Promise<void> {
    if (this.#running < this.#options.concurrency) {
      this.#running += 1
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const refuse = () =>
        reject(
          new AppError('unavailable', this.#options.refusal, { headers: { 'Retry-After': String(retryAfterSeconds) } }),
        )
      const line = this.#lines.get(key)
      if (line) line.push({ start: resolve, refuse })
      else this.#lines.set(key, [{ start: resolve, refuse }])
      this.#waiting += 1
      if (this.#waiting > this.#options.maxWaiting) this.#refuseOne()
    })
  }

  #startNext(): void {
    const [next] = this.#lines
    if (!next || this.#running >= this.#options.concurrency) return
    const [key, line] = next
    const first = line.shift()
    this.#lines.delete(key)
    if (line.length > 0) this.#lines.set(key, line)
    this.#waiting -= 1
    this.#running += 1
    first?.start()
  }

  /** The newest of the longest line; of lines that are equally long the one that came last. */
  #refuseOne(): void {
    const [key, line] = [...this.#lines].reduce((longest, other) =>
      other[1].length >= longest[1].length ? other : longest,
    )
    line.pop()?.refuse()
    if (line.length === 0) this.#lines.delete(key)
    this.#waiting -= 1
  }
}
