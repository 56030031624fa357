import { AppError } from '../errors.ts'

interface FairQueueOptions {
  /** How many run at the same time. */
  concurrency: number
  /** How many of one key run at the same time: as many as of all, unless given. */
  concurrencyPerKey?: number
  /** How many wait. Past that the key with the most waiting loses its newest, preferred work last. */
  maxWaiting?: number
  /** How many of one key wait, urgent work and other work each. Past that the newest is refused. */
  maxWaitingPerKey?: number
  maxWaitMs?: number
  /** What a refused caller reads: too many wait, or its turn did not come in time. */
  refuse: (reason: 'full' | 'late') => AppError
}

/** Whose work it is. */
export interface Turn {
  key: string
  /** Preferred work takes turns with all other work together, and is refused after it. */
  isPreferred: boolean
  /** Starts before the other work of its key. */
  isUrgent?: boolean
  /** Aborted when nobody waits for the work any more. */
  signal?: AbortSignal | undefined
}

interface Waiting {
  start: () => void
  refuse: (error: AppError) => void
}

interface WaitingOfKey {
  urgent: Waiting[]
  other: Waiting[]
}

/** The key whose turn is next comes first. No key is without work. */
type Keys = Map<string, WaitingOfKey>

/**
 * Bounds work that only few requests of this process may do at once. Keys take turns, so a flood under one key delays that key
 * only.
 */
export class FairQueue {
  readonly #options: FairQueueOptions
  readonly #preferred: Keys = new Map()
  readonly #others: Keys = new Map()
  readonly #runningOfKey = new Map<string, number>()
  #isPreferredNext = true
  #waiting = 0
  #running = 0

  constructor(options: FairQueueOptions) {
    this.#options = options
  }

  /** @throws AppError of the queue's `refuse`; `invalid_request` when the turn's signal is aborted before the work starts. */
  async run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    await this.#takeTurn(turn)
    try {
      return await work()
    } finally {
      this.#end(turn.key)
    }
  }

  async #takeTurn(turn: Turn): Promise<void> {
    const { maxWaiting = Number.POSITIVE_INFINITY, maxWaitMs, refuse } = this.#options
    if (turn.signal?.aborted) throw callerLeft()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting = { start: resolve, refuse: reject }
    this.#add(turn, waiting)
    this.#startNext()
    if (this.#waiting > maxWaiting) this.#refuseOne()
    const giveUp = (error: AppError) => {
      if (this.#remove(turn, waiting)) reject(error)
    }
    const onAbort = () => giveUp(callerLeft())
    turn.signal?.addEventListener('abort', onAbort)
    const timer = maxWaitMs === undefined ? undefined : setTimeout(() => giveUp(refuse('late')), maxWaitMs)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      turn.signal?.removeEventListener('abort', onAbort)
    }
  }

  #keysOf({ isPreferred }: Turn): Keys {
    return isPreferred ? this.#preferred : this.#others
  }

  #add(turn: Turn, waiting: Waiting): void {
    const { maxWaitingPerKey = Number.POSITIVE_INFINITY, refuse } = this.#options
    const keys = this.#keysOf(turn)
    const ofKey = keys.get(turn.key) ?? { urgent: [], other: [] }
    const list = turn.isUrgent ? ofKey.urgent : ofKey.other
    if (list.length >= maxWaitingPerKey) throw refuse('full')
    list.push(waiting)
    keys.set(turn.key, ofKey)
    this.#waiting += 1
  }

  /** False for work that no longer waits. */
  #remove(turn: Turn, waiting: Waiting): boolean {
    const keys = this.#keysOf(turn)
    const ofKey = keys.get(turn.key)
    const list = turn.isUrgent ? ofKey?.urgent : ofKey?.other
    const at = list?.indexOf(waiting) ?? -1
    if (!ofKey || !list || at < 0) return false
    list.splice(at, 1)
    this.#waiting -= 1
    if (sizeOf(ofKey) === 0) keys.delete(turn.key)
    return true
  }

  #startNext(): void {
    while (this.#running < this.#options.concurrency) {
      const next = this.#findNext(this.#isPreferredNext) ?? this.#findNext(!this.#isPreferredNext)
      const started = next && (next.ofKey.urgent.shift() ?? next.ofKey.other.shift())
      if (!next || !started) return
      const { key, keys, ofKey } = next
      this.#isPreferredNext = keys !== this.#preferred
      keys.delete(key)
      if (sizeOf(ofKey) > 0) keys.set(key, ofKey)
      this.#runningOfKey.set(key, (this.#runningOfKey.get(key) ?? 0) + 1)
      this.#running += 1
      this.#waiting -= 1
      started.start()
    }
  }

  /** Passes over busy keys: fewer than may run at once. */
  #findNext(isPreferred: boolean) {
    const keys = isPreferred ? this.#preferred : this.#others
    for (const [key, ofKey] of keys) if (!this.#isBusy(key)) return { key, keys, ofKey }
    return undefined
  }

  #isBusy(key: string): boolean {
    const { concurrencyPerKey = Number.POSITIVE_INFINITY } = this.#options
    return (this.#runningOfKey.get(key) ?? 0) >= concurrencyPerKey
  }

  #end(key: string): void {
    // Keys that could start meanwhile have waited longer.
    if (this.#isBusy(key)) for (const keys of [this.#preferred, this.#others]) moveToEnd(keys, key)
    const running = (this.#runningOfKey.get(key) ?? 1) - 1
    if (running > 0) this.#runningOfKey.set(key, running)
    else this.#runningOfKey.delete(key)
    this.#running -= 1
    this.#startNext()
  }

  /** The newest of the key with the most waiting; of keys with equally many, of the one whose turn is last. */
  #refuseOne(): void {
    const keys = this.#others.size > 0 ? this.#others : this.#preferred
    let longest: [string, WaitingOfKey] | undefined
    for (const entry of keys) if (!longest || sizeOf(entry[1]) >= sizeOf(longest[1])) longest = entry
    if (!longest) return
    const [key, ofKey] = longest
    const refused = ofKey.other.pop() ?? ofKey.urgent.pop()
    this.#waiting -= 1
    if (sizeOf(ofKey) === 0) keys.delete(key)
    refused?.refuse(this.#options.refuse('full'))
  }
}

function sizeOf({ urgent, other }: WaitingOfKey): number {
  return urgent.length + other.length
}

function moveToEnd(keys: Keys, key: string): void {
  const ofKey = keys.get(key)
  if (!ofKey) return
  keys.delete(key)
  keys.set(key, ofKey)
}

function callerLeft(): AppError {
  return new AppError('invalid_request', 'The connection was closed before the request was served.')
}
