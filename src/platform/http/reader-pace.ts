import type { Pace } from '../downloads.ts'

/**
 * Measures how fast a reader takes what is sent. They have `patienceMs` to spend on keeping us waiting, and earn it back by
 * what they take: this bounds the average over that time, however unevenly the kernel's buffers empty.
 */
export class ReaderPace {
  readonly #pace: Pick<Pace, 'bytesPerSecond' | 'patienceMs'>
  readonly #onTooSlow: (() => void) | undefined
  #leftMs: number
  #since: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(pace: Pick<Pace, 'bytesPerSecond' | 'patienceMs'>, onTooSlow?: () => void) {
    this.#pace = pace
    this.#onTooSlow = onTooSlow
    this.#leftMs = pace.patienceMs
  }

  /** How much longer they may keep us waiting. Below zero: by how much they have been too slow since we began to wait. */
  get leftMs(): number {
    return this.#since === undefined ? this.#leftMs : this.#leftMs - (performance.now() - this.#since)
  }

  /** From now on we wait for the reader. */
  wait(): void {
    this.#since = performance.now()
    if (this.#onTooSlow) this.#timer = setTimeout(this.#onTooSlow, this.#leftMs)
  }

  took(bytes: number): void {
    const earnedMs = (bytes / this.#pace.bytesPerSecond) * 1_000
    this.#leftMs = Math.min(this.#pace.patienceMs, Math.max(0, this.leftMs) + earnedMs)
    this.stop()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#since = undefined
  }
}
