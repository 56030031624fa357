import { setTimeout } from 'node:timers/promises'
import type { Statement } from '../../platform/db/database.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiKeyAttempt } from './api-key-attempt.ts'

const renew: Statement = { name: 'renew_key_hash', text: 'select renew_key_hash($1, $2, $3, $4, $5)' }

/** So that no answer waits for it: how long that took would tell that there was such a key. */
const behindMs = 100

/**
 * Stores keys that were presented during a rotation of SECRET_KEY under the current one, behind the answers and one after the
 * other. Also keys that are revoked, asleep or lack a scope: they must still be known when the previous secret is gone.
 */
export class HashRenewals {
  readonly #services: Services
  readonly #waiting = new Map<string, { hashes: Buffer[]; organisationId: string }>()
  readonly #closing = Promise.withResolvers<void>()
  #working: Promise<void> | undefined

  constructor(services: Services) {
    this.#services = services
    services.onClose(async () => {
      this.#closing.resolve()
      await this.#working
    })
  }

  note(hashes: Buffer[], attempt: ApiKeyAttempt): void {
    if (attempt.secret_version === this.#services.secrets.version || hashes.length < 2) return
    this.#waiting.set(attempt.key_id, { hashes, organisationId: attempt.organisation_id })
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined
    })
  }

  async #work(): Promise<void> {
    const { db, secrets, log } = this.#services
    await Promise.race([setTimeout(behindMs, undefined, { ref: false }), this.#closing.promise])
    for (const [keyId, { hashes, organisationId }] of this.#waiting) {
      try {
        await db.run(renew, [organisationId, keyId, hashes[1], hashes[0], secrets.version])
      } catch (error) {
        log.warn({ err: error, api_key_id: keyId }, 'could not renew the stored hash of a key')
      }
      this.#waiting.delete(keyId)
    }
  }
}
