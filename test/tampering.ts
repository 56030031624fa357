import { sql } from 'kysely'
import type { Database } from '../src/platform/db/database.ts'
import { openDatabase } from '../src/platform/db/open-database.ts'
import { makeOrganisation, makeWaitlist, type TestOrganisation, type TestProduct } from './make.ts'

/** Somebody who has the database's superuser. */
export function openAsSuperuser({ database, services }: TestProduct): Database {
  return openDatabase({ url: database.url, role: undefined, maxConnections: 2, log: services.log })
}

/** An organisation whose log has twelve rows. */
export async function makeLog(product: TestProduct): Promise<TestOrganisation> {
  const organisation = await makeOrganisation(product, 'team')
  for (let i = 0; i < 11; i++) await makeWaitlist(organisation, `List ${i} 🦊 "quoted" \\ \u2028`)
  return organisation
}

/** As a superuser may: with every protection off. `$1` is the organisation. */
export async function tamper(superuser: Database, { id }: { id: string }, ...statements: string[]): Promise<void> {
  await superuser.kysely.transaction().execute(async (transaction) => {
    for (const table of ['activities', 'activity_hashes', 'activity_chains'])
      await sql.raw(`alter table ${table} disable trigger all`).execute(transaction)
    for (const text of statements) await sql.raw(text.replaceAll('$1', `'${id}'`)).execute(transaction)
    for (const table of ['activities', 'activity_hashes', 'activity_chains'])
      await sql
        .raw(`alter table ${table} enable always trigger protect, enable always trigger protect_all`)
        .execute(transaction)
  })
}
