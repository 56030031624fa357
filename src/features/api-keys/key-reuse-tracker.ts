import { setTimeout } from 'node:timers/promises'
import type { Statement } from '../../platform/db/database.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'

/** So that the answer does not wait for it: how long that took would tell that there was such a key. */
const behindMs = 100

/** Enters the organisation for this one statement. */
const recordKeyReuse: Statement = {
  name: 'record_key_reuse',
  text: `select record_key_reuse($1, $2, $3, $4, $5, $6, $7) from set_config('app.organisation_id', $1, true)`,
}

/**
 * Counts attempts with revoked keys and writes them behind the answers, one write a key at a time: a flood becomes a few
 * writes with large counts.
 */
export class KeyReuseTracker {
  readonly #services: Services
  readonly #waiting = new Map<string, { organisationId: string; count: number; at: Date; meta: RequestMeta }>()
  readonly #writing = new Map<string, Promise<void>>()
  readonly #closing = Promise.withResolvers<void>()

  constructor(services: Services) {
    this.#services = services
    services.onClose(async () => {
      this.#closing.resolve()
      await Promise.all(this.#writing.values())
    })
  }

  record(organisationId: string, keyId: string, meta: RequestMeta): void {
    const count = (this.#waiting.get(keyId)?.count ?? 0) + 1
    this.#waiting.set(keyId, { organisationId, count, at: this.#services.now(), meta })
    if (!this.#writing.has(keyId)) this.#writing.set(keyId, this.#write(keyId))
  }

  async #write(keyId: string): Promise<void> {
    await Promise.race([setTimeout(behindMs, undefined, { ref: false }), this.#closing.promise])
    try {
      for (let next = this.#waiting.get(keyId); next; next = this.#waiting.get(keyId)) {
        this.#waiting.delete(keyId)
        const { organisationId, count, at, meta } = next
        await this.#services.db.run(recordKeyReuse, [
          organisationId,
          keyId,
          count,
          at,
          meta.ip,
          meta.requestId,
          meta.userAgent,
        ])
      }
    } catch (error) {
      this.#services.log.warn({ err: error, api_key_id: keyId }, 'could not record the use of a revoked key')
    } finally {
      this.#writing.delete(keyId)
    }
  }
}
