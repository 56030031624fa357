import { sql } from 'kysely'
import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'
import { findOrganisationForStripe } from './billing-account.ts'
import { endWithOrganisation } from './end-with-organisation.ts'
import { syncSubscription } from './sync-subscription.ts'

/** So that one run ends before the next. */
const maxAtOnce = 500
const keepEventsDays = 30

/**
 * Asks Stripe again what it has not answered; compares with it, once a day for each organisation, what lost events may have
 * left wrong, and puts it right; ends graces that are over; ends what deleted organisations pay for. The longest unchecked come first, so that many
 * organisations are spread over the day. Where Stripe is away it stops, and the next run goes
 * on; an organisation that Stripe does not know is left as it is.
 */
export async function reconcileBilling(services: Services): Promise<void> {
  if (!services.config.stripe) return
  await endWithOrganisation(services)
  for (const id of await findDue(services)) {
    const ctx = await findOrganisationForStripe(services, id)
    if (!ctx) continue
    try {
      await syncSubscription(ctx)
    } catch (error) {
      services.log.error({ err: error, organisation: id }, 'a subscription could not be compared with Stripe')
      if (error instanceof AppError && error.code === 'unavailable') return
      await services.db.kysely
        .updateTable('billing_accounts')
        .set((eb) => ({ checked_at: sql<Date>`clock_timestamp()`, last_answer: eb.ref('last_question') }))
        .where('organisation_id', '=', id)
        .execute()
    }
  }
  await sql`delete from billing_events where applied_at < clock_timestamp() - ${keepEventsDays} * interval '1 day'`.execute(
    services.db.kysely,
  )
}

async function findDue(services: Services): Promise<string[]> {
  const now = services.now()
  const graceStart = new Date(now.getTime() - services.config.billingGraceDays * 86_400_000)
  const due = await services.db.kysely
    .selectFrom('billing_accounts')
    .select('organisation_id')
    .where((eb) =>
      eb.or([
        eb('last_answer', '<', eb.ref('last_question')),
        eb('checked_at', '<', new Date(now.getTime() - 86_400_000)),
        eb.and([eb('past_due_since', '<=', graceStart), eb('plan', '<>', 'free')]),
      ]),
    )
    .orderBy('checked_at')
    .limit(maxAtOnce)
    .execute()
  return due.map(({ organisation_id }) => organisation_id)
}
