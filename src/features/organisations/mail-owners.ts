import type { Transaction } from 'kysely'
import type { Organisation } from '../../platform/context.ts'
import type { Tables } from '../../platform/db/tables.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import type { Secrets } from '../../platform/secrets.ts'

/** Tells every owner of an organisation something, but whoever did it, once the caller's transaction has committed. */
export async function mailOwners(
  ctx: { sql: Transaction<Tables>; secrets: Secrets; organisation: Pick<Organisation, 'id'> },
  mail: { subject: string; text: string },
  { but = null }: { but?: string | null } = {},
): Promise<void> {
  const owners = await ctx.sql
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select('u.email')
    .where('m.organisation_id', '=', ctx.organisation.id)
    .where('m.role', '=', 'owner')
    .where('m.user_id', '<>', but ?? '')
    .execute()
  await sendMailLater(ctx, ...owners.map(({ email }) => ({ to: email, ...mail })))
}
