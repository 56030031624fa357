import type { Pace } from '../downloads.ts'

/**
 * Measures how fast a reader takes what is sent. They have `patienceMs` to spend on keeping us waiting, and earn it back by
 * what they take: this bounds the average over that time, however unevenly the kernel's buffers empty.
 */
export class ReaderPace {
  readonly #pace: Pace
  readonly #onTooSlow: () => void
  #leftMs: number
  #since: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(pace: Pace, onTooSlow: () => void) {
    this.#pace = pace
    this.#onTooSlow = onTooSlow
    this.#leftMs = pace.patienceMs
  }

  /** From now on we wait for the reader. */
  wait(): void {
    this.#since = performance.now()
    this.#timer = setTimeout(this.#onTooSlow, this.#leftMs)
  }

  took(bytes: number): void {
    const waitedMs = this.#since === undefined ? 0 : performance.now() - this.#since
    const earnedMs = (bytes / this.#pace.bytesPerSecond) * 1_000
    this.#leftMs = Math.min(this.#pace.patienceMs, Math.max(0, this.#leftMs - waitedMs) + earnedMs)
    this.stop()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#since = undefined
  }
}
