import type { Kysely } from 'kysely'
import type { Tables } from '../../platform/db/tables.ts'
import type { Services } from '../../platform/services.ts'
import { type CredentialEvent, credentialEvents, type TrustArtefact } from './credential-events.ts'

interface Scope {
  userId: string
  /** The address that the account had before the event. */
  email: string
  /** What the browser that caused the event keeps; everything else counts as elsewhere. */
  keep: { sessionId?: string | undefined; deviceId?: string | undefined }
}

/**
 * Ends everything that the event ends, in the caller's transaction. The caller has locked the account, and starts the
 * sessions of the new credentials afterwards.
 */
export async function credentialsChanged(
  { secrets, now }: Services,
  sql: Kysely<Tables>,
  event: CredentialEvent,
  { userId, email, keep }: Scope,
): Promise<void> {
  const ends: Record<TrustArtefact, (kept: Scope['keep']) => Promise<unknown>> = {
    sessions: ({ sessionId }) =>
      sql
        .deleteFrom('sessions')
        .where('user_id', '=', userId)
        .where('id', '<>', sessionId ?? '')
        .execute(),
    trusted_devices: ({ deviceId }) =>
      sql
        .deleteFrom('trusted_devices')
        .where('user_id', '=', userId)
        .where('id', '<>', deviceId ?? '')
        .execute(),
    mfa_challenges: () =>
      sql
        .updateTable('users')
        .set((eb) => ({ credentials_version: eb('credentials_version', '+', 1) }))
        .where('id', '=', userId)
        .execute(),
    reset_links: () => sql.deleteFrom('reset_links').where('user_id', '=', userId).execute(),
    email_changes: () => sql.deleteFrom('email_changes').where('user_id', '=', userId).execute(),
    pending_two_factors: () => sql.deleteFrom('pending_two_factors').where('user_id', '=', userId).execute(),
    sign_ups: () => {
      const ended = { email_hash: secrets.hash('sign-up', email), ended_at: now() }
      return sql
        .insertInto('ended_sign_ups')
        .values(ended)
        .onConflict((conflict) => conflict.column('email_hash').doUpdateSet({ ended_at: ended.ended_at }))
        .execute()
    },
  }
  for (const [artefact, effect] of Object.entries(credentialEvents[event]) as [TrustArtefact, string][])
    if (effect !== 'stays') await ends[artefact](effect === 'ends elsewhere' ? keep : {})
}
