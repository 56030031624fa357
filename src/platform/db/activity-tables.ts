import type { Generated } from 'kysely'
import type { Fixed } from './fixed.ts'

export interface ActivitiesTable {
  organisation_id: Fixed<string>
  number: Fixed<number>
  id: Generated<string>
  occurred_at: Fixed<Date>
  action: Fixed<string>
  actor_type: Fixed<string>
  actor_id: Fixed<string | null>
  actor_name: Fixed<string>
  targets: Fixed<unknown>
  changes: Fixed<unknown>
  request_id: Fixed<string | null>
  ip: Fixed<string | null>
  user_agent: Fixed<string | null>
  target_id: Generated<string | null>
  other_target_id: Generated<string | null>
}

export interface ActivityHashesTable {
  organisation_id: Fixed<string>
  number: Fixed<number>
  hash: Fixed<Buffer>
}

/** How far the chain of an organisation's log goes. */
export interface ActivityChainsTable {
  organisation_id: Fixed<string>
  last_number: Fixed<number>
  last_hash: Fixed<Buffer>
}

export interface ActivityTombstonesTable {
  organisation_id: Fixed<string>
  last_number: Fixed<number>
  log_hash: Fixed<Buffer>
  deleted_at: Generated<Date>
}
