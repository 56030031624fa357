import type { Database } from '../../platform/db/database.ts'
import type { Check, Patient } from './check.ts'
import { functionsCheck } from './check-functions.ts'
import { logCheck } from './check-log.ts'
import { organisationsCheck } from './check-organisations.ts'
import { orphansCheck } from './check-orphans.ts'
import { migrationsCheck, protectionCheck } from './check-schema.ts'
import { secretsCheck } from './check-secrets.ts'
import { waitlistsCheck } from './check-waitlists.ts'

const checks: Check[] = [
  protectionCheck,
  functionsCheck,
  secretsCheck,
  organisationsCheck,
  orphansCheck,
  waitlistsCheck,
  logCheck,
]

export interface Examined {
  check: string
  /** What is wrong, a sentence each. */
  problems: string[]
}

/**
 * Holds everything that must always be true against one snapshot of the database, which may be written to meanwhile; changes
 * nothing. A database whose migrations are not those of this version is looked at no further.
 */
export async function examine(db: Database, rest: Omit<Patient, 'sql'>, stopping?: AbortSignal): Promise<Examined[]> {
  return db.kysely
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (sql) => {
      const first = { check: migrationsCheck.name, problems: await migrationsCheck.find({ ...rest, sql }) }
      const examined: Examined[] = [first]
      for (const check of first.problems.length > 0 ? [] : checks) {
        stopping?.throwIfAborted()
        examined.push({ check: check.name, problems: await check.find({ ...rest, sql }) })
      }
      return examined
    })
}
