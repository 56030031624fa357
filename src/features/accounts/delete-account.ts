import { AppError, fieldError } from '../../platform/errors.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import { leaveForGood } from '../organisations/leave-for-good.ts'
import { listOrganisationsOf } from '../organisations/list-own-organisations.ts'
import { credentialsChanged } from './credentials-changed.ts'
import { securityMail } from './security-mails.ts'

interface Leaving {
  id: string
  name: string
  email: string
}

/**
 * Deletes a person's account for good: they leave every organisation, and sessions, password and two-factor secret go with
 * it. What they did stays in those organisations' logs under the name they had. `confirmation` is their address, typed by
 * hand. Where they are the only owner they stay until they have handed over or deleted that organisation.
 * @throws AppError `validation_failed`, `forbidden` for an only owner, `conflict` for who has joined somewhere meanwhile.
 */
export async function deleteAccount(
  services: Services,
  person: Leaving,
  { confirmation }: { confirmation: string },
  meta: RequestMeta,
): Promise<void> {
  if (confirmation.trim().toLowerCase() !== person.email)
    throw fieldError('confirmation', 'refused', `Type ${person.email} to delete your account.`)
  for (const organisation of await listOrganisationsOf(services, person.id)) {
    try {
      await leaveForGood(services, organisation, person, meta)
    } catch (error) {
      // Out already, by a second click or by somebody else.
      if ((await listOrganisationsOf(services, person.id)).some(({ id }) => id === organisation.id)) throw error
    }
  }
  await services.db.kysely.transaction().execute(async (sql) => {
    // Nobody joins anywhere while this is held.
    await sql.selectFrom('users').select('id').where('id', '=', person.id).forUpdate().execute()
    const within = { ...services, db: { ...services.db, kysely: sql } }
    if ((await listOrganisationsOf(within, person.id)).length > 0)
      throw new AppError('conflict', 'You have joined an organisation at the same moment. Try again.')
    const { id: userId, email } = person
    await credentialsChanged(services, sql, 'account_deleted', { userId, email, keep: {} })
    const gone = await sql.deleteFrom('users').where('id', '=', person.id).returning('id').executeTakeFirst()
    if (gone)
      await sendMailLater({ sql, secrets: services.secrets }, securityMail(services, person.email, 'deleted', meta))
  })
}
