import type { Transaction } from 'kysely'
import type { DatabaseRoles } from '../../platform/db/roles.ts'
import type { Tables } from '../../platform/db/tables.ts'
import type { Secrets } from '../../platform/secrets.ts'

/** What a check looks at: one snapshot of everything, past the row-level wall. */
export interface Patient {
  sql: Transaction<Tables>
  roles: DatabaseRoles
  secrets: Secrets | undefined
}

/** Something that must always hold. */
export interface Check {
  name: string
  /** What is wrong, a sentence each; nothing when all is well. */
  find(patient: Patient): Promise<string[]>
}
