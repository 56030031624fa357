import type { Services } from '../../platform/services.ts'

interface Use {
  organisationId: string
  at: Date
  ip: string | null
}

const flushEveryMs = 60_000

/**
 * Remembers when keys were used and writes it behind the requests: a key's first use in this process at once, then at most
 * every 60 seconds, and on shutdown. Times only move forward, whichever process writes last.
 */
export class KeyUseTracker {
  readonly #services: Services
  readonly #waiting = new Map<string, Use>()
  readonly #flushedAtMs = new Map<string, number>()
  /** The write under way, and the one that waits for it. */
  #running: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined
  readonly #timer: NodeJS.Timeout

  constructor(services: Services) {
    this.#services = services
    this.#timer = setInterval(() => void this.flush(), flushEveryMs)
    this.#timer.unref()
    services.onClose(async () => {
      clearInterval(this.#timer)
      await this.flush()
    })
  }

  record(keyId: string, organisationId: string, ip: string | null): void {
    const at = this.#services.now()
    this.#waiting.set(keyId, { organisationId, at, ip })
    const flushedAtMs = this.#flushedAtMs.get(keyId)
    if (flushedAtMs === undefined || at.getTime() - flushedAtMs >= flushEveryMs) void this.flush()
  }

  /** Writes what waits; resolves when it is written. A failure is logged and tried again with the next flush. */
  flush(): Promise<void> {
    if (this.#next) return this.#next
    const next = this.#running.then(() => {
      this.#next = undefined
      return this.#writeWaiting()
    })
    this.#next = next
    this.#running = next
    return next
  }

  async #writeWaiting(): Promise<void> {
    if (this.#waiting.size === 0) return
    const uses = [...this.#waiting].sort(([a], [b]) => (a < b ? -1 : 1))
    this.#waiting.clear()
    for (const [keyId, use] of uses) this.#flushedAtMs.set(keyId, use.at.getTime())
    try {
      await this.#write(uses)
    } catch (error) {
      for (const [keyId, use] of uses) if (!this.#waiting.has(keyId)) this.#waiting.set(keyId, use)
      this.#services.log.warn({ err: error }, 'could not write when keys were last used; trying again')
    }
  }

  async #write(uses: [string, Use][]): Promise<void> {
    await this.#services.db.run({ name: 'record_key_uses', text: 'select record_key_uses($1, $2, $3, $4)' }, [
      uses.map(([keyId]) => keyId),
      uses.map(([, use]) => use.organisationId),
      uses.map(([, use]) => use.at),
      uses.map(([, use]) => use.ip),
    ])
  }
}
