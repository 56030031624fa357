import { AppError } from './errors.ts'

/** How fast readers have to be while others ask for a place. */
export const paceWhileFull = { bytesPerSecond: 256 * 1024, patienceMs: 10_000 }

/** How long a request waits for the place of a reader who was cut off. */
const handoverMs = 5_000

/** Somebody who reads a download in one of the places. */
export interface PlacedReader {
  /** Milliseconds before they fall behind the pace that is asked of them while all places are taken. */
  leftMs(): number
  cutOff(): void
}

/**
 * The places for downloads of one kind in this process. While all are taken, a further download gets the place of the slowest
 * reader, unless all keep the pace: otherwise few slow readers would keep everybody else out.
 */
export class DownloadPlaces {
  readonly #max: number
  readonly #readers = new Set<PlacedReader>()
  #taken = 0
  #freed = Promise.withResolvers<void>()

  constructor(max: number) {
    this.#max = max
  }

  get mayHaveRoom(): boolean {
    return this.#taken < this.#max || this.#findSlowest() !== undefined
  }

  /**
   * Runs `work` in a place. `beforeCuttingOff` runs before a reader is cut off for it, and may refuse.
   * @throws AppError `rate_limited` while there is no place.
   */
  async run<T>(work: () => Promise<T>, beforeCuttingOff?: () => Promise<void>): Promise<T> {
    if (this.#taken < this.#max) this.#taken += 1
    else {
      await this.#cutOffSlowest(beforeCuttingOff)
      await this.#takeFreed()
    }
    try {
      return await work()
    } finally {
      this.#taken -= 1
      this.#freed.resolve()
      this.#freed = Promise.withResolvers()
    }
  }

  /** From now on the reader may be cut off for others, until the function that is returned is called. */
  add(reader: PlacedReader): () => void {
    this.#readers.add(reader)
    return () => void this.#readers.delete(reader)
  }

  async #cutOffSlowest(beforeCuttingOff?: () => Promise<void>): Promise<void> {
    if (!this.#findSlowest()) throw allTaken()
    await beforeCuttingOff?.()
    const slowest = this.#findSlowest()
    if (!slowest) throw allTaken()
    this.#readers.delete(slowest)
    slowest.cutOff()
  }

  async #takeFreed(): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(allTaken()), handoverMs)
    try {
      while (this.#taken >= this.#max) await Promise.race([this.#freed.promise, late.promise])
      this.#taken += 1
    } finally {
      clearTimeout(timer)
    }
  }

  #findSlowest(): PlacedReader | undefined {
    let slowest: PlacedReader | undefined
    let leastMs = 0
    for (const reader of this.#readers) {
      const leftMs = reader.leftMs()
      if (leftMs > 0 || (slowest && leftMs >= leastMs)) continue
      slowest = reader
      leastMs = leftMs
    }
    return slowest
  }
}

export function allTaken(): AppError {
  return new AppError('rate_limited', 'This server is preparing as many downloads as it can. Try again in a minute.', {
    page: { title: 'Too many downloads at the moment' },
    headers: { 'Retry-After': '60' },
  })
}
