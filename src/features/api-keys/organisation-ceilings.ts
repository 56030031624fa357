import { BucketMirror } from '../../platform/rate-limit/bucket-mirror.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import type { Services } from '../../platform/services.ts'
import type { ApiKeyAttempt } from './api-key-attempt.ts'

/** What a request's key has to do with the ceiling of its organisation. */
export interface CeilingEntry {
  /** Whose key it was when it was last seen: who goes with whom, never who may. Undefined for what was never seen to be good. */
  organisationId: string | undefined
  /** Whether the request is counted under its organisation's ceiling. */
  isCounted: boolean
  /** Seconds until the ceiling lets another request through, where it is reached. */
  ceilingSeconds: number | undefined
}

/** What all keys of an organisation may do together, as a multiple of what one may. */
export const ceilingFactor = 10
const maxKeys = 50_000

/** Counts the requests of all keys of an organisation together. Only those that are let through count in the end. */
export class OrganisationCeilings {
  readonly #organisations = new Map<string, string>()
  readonly #mirror: BucketMirror

  constructor(services: Services, { perSecond, burst }: BucketRule) {
    this.#mirror = new BucketMirror(services, { perSecond: perSecond * ceilingFactor, burst: burst * ceilingFactor })
    services.onClose(() => this.#mirror.sync())
  }

  /** Counts a request of a key that was seen to be good before, where there is room for it. */
  enter(subject: string): CeilingEntry {
    const organisationId = this.#organisations.get(subject)
    if (organisationId === undefined) return { organisationId, isCounted: false, ceilingSeconds: undefined }
    const ceilingSeconds = this.#mirror.take(nameOf(organisationId))
    return { organisationId, isCounted: ceilingSeconds === undefined, ceilingSeconds }
  }

  /** Takes note of whose key it is, and gives back what was counted for a request that is refused. */
  settle(key: CeilingEntry & { subject: string }, { outcome, organisation_id }: ApiKeyAttempt): void {
    const isLetThrough = outcome === 'ok' && key.ceilingSeconds === undefined
    if (key.isCounted && !isLetThrough && key.organisationId !== undefined) this.spend(key.organisationId, -1)
    if (!key.isCounted && isLetThrough) this.spend(organisation_id, 1)
    key.isCounted = isLetThrough
    const isLive = outcome !== 'unknown' && outcome !== 'revoked'
    this.#note(key, isLive ? organisation_id : undefined)
  }

  /** Takes tokens that a request has cost, there or not. */
  spend(organisationId: string, tokens: number): void {
    this.#mirror.spend(nameOf(organisationId), tokens)
  }

  #note(key: CeilingEntry & { subject: string }, organisationId: string | undefined): void {
    if (key.organisationId === organisationId) return
    key.organisationId = organisationId
    this.#organisations.delete(key.subject)
    if (organisationId === undefined) return
    const [oldest] = this.#organisations.size >= maxKeys ? this.#organisations.keys() : []
    if (oldest !== undefined) this.#organisations.delete(oldest)
    this.#organisations.set(key.subject, organisationId)
  }
}

function nameOf(organisationId: string): string {
  return `org:${organisationId}`
}
