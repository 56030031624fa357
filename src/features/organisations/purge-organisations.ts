import { sql } from 'kysely'
import { enterOrganisation, leaveRole } from '../../platform/db/enter-organisation.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import type { Services } from '../../platform/services.ts'
import { daysToRestore } from './delete-organisation.ts'
import { mailOwners } from './mail-owners.ts'

/**
 * Deletes for good what nobody took back within the seven days, with everything in it. What stays is a tombstone: how long
 * the log was, and a hash over all of it. Finds them as the tables' owner.
 */
export async function purgeOrganisations(services: Services): Promise<void> {
  const before = new Date(services.now().getTime() - daysToRestore * 86_400_000)
  const due = await services.db.kysely
    .selectFrom('organisations')
    .select('id')
    .where('deleted_at', '<=', before)
    .orderBy('deleted_at')
    .execute()
  for (const { id } of due) await purge(services, id, before)
}

async function purge(services: Services, id: string, before: Date): Promise<void> {
  await services.db.kysely.transaction().execute(async (transaction) => {
    await enterOrganisation(transaction, services.db, id)
    await sql`select 1 from organisation_counters where organisation_id = ${id} for update`.execute(transaction)
    // An owner may have been faster.
    const organisation = await transaction
      .selectFrom('organisations')
      .select(['id', 'name'])
      .where('id', '=', id)
      .where('deleted_at', '<=', before)
      .executeTakeFirst()
    if (!organisation) return
    await mailOwners(
      { ...services, sql: transaction, organisation },
      {
        subject: `${nameInMail(organisation.name)} is gone for good`,
        text: `The organisation ${nameInMail(organisation.name)} was deleted seven days ago, and nobody brought it back. Everything in it is gone for good now.
`,
      },
    )
    // The application's role may not.
    await leaveRole(transaction)
    await sql`select delete_organisation(${id})`.execute(transaction)
  })
}
