import type { Stripe } from 'stripe'
import { AppError } from '../../platform/errors.ts'
import { askStripe } from '../../platform/net/ask-stripe.ts'
import type { Services } from '../../platform/services.ts'
import { findOrganisationForStripe, isLive, liveStatuses } from './billing-account.ts'
import { syncSubscription } from './sync-subscription.ts'

/** On subscriptions at Stripe that end because of us, so that what an owner had cancelled before stays cancelled. */
const mark = 'ends_with_organisation'

/**
 * Nobody pays for what is deleted. While an organisation waits to be gone for good, its subscription is cancelled to the end
 * of what is paid; it goes on when an owner takes the deletion back, and ends at once when the organisation is gone. What
 * fails is tried again at the next call, however long Stripe is away. Runs as the tables' owner.
 */
export async function endWithOrganisation(services: Services): Promise<void> {
  for (const { organisation_id, customer_id, is_deleted } of await findUntold(services)) {
    await orNextTime(services, customer_id, is_deleted ? cancelToPeriodEnd : goOn, async () => {
      await services.db.kysely
        .updateTable('billing_accounts')
        .set({ ends_with_organisation: is_deleted })
        .where('organisation_id', '=', organisation_id)
        .execute()
      const ctx = await findOrganisationForStripe(services, organisation_id)
      if (ctx) await syncSubscription(ctx)
    })
  }
  const departed = await services.db.kysely.selectFrom('departed_customers').select('customer_id').execute()
  for (const { customer_id } of departed) {
    await orNextTime(services, customer_id, cancelNow, () =>
      services.db.kysely.deleteFrom('departed_customers').where('customer_id', '=', customer_id).execute(),
    )
  }
}

/** Those of whom Stripe has heard something else, and those who have paid on a checkout that was open at the deletion. */
function findUntold({ db }: Services) {
  return db.kysely
    .selectFrom('billing_accounts as b')
    .innerJoin('organisations as o', 'o.id', 'b.organisation_id')
    .select((eb) => ['b.organisation_id', 'b.customer_id', eb('o.deleted_at', 'is not', null).as('is_deleted')])
    .$narrowType<{ is_deleted: boolean }>()
    .where((eb) =>
      eb.or([
        eb.and([eb('o.deleted_at', 'is not', null), eb('b.ends_with_organisation', '=', false)]),
        eb.and([eb('o.deleted_at', 'is', null), eb('b.ends_with_organisation', '=', true)]),
        eb.and([eb('o.deleted_at', 'is not', null), eb('b.status', 'in', liveStatuses), eb('b.ends_at', 'is', null)]),
      ]),
    )
    .execute()
}

async function orNextTime(
  services: Services,
  customer: string,
  tell: (stripe: Stripe, customer: string) => Promise<void>,
  afterwards: () => Promise<unknown>,
): Promise<void> {
  try {
    await askStripe(services, (stripe) => tell(stripe, customer)).catch((error: unknown) => {
      // A customer who was deleted there has nothing that runs.
      if (!(error instanceof AppError && error.code === 'not_found')) throw error
    })
    await afterwards()
  } catch (error) {
    services.log.error(
      { err: error },
      'the subscription of a deleted organisation is not as it should be yet; it is tried again',
    )
  }
}

async function cancelToPeriodEnd(stripe: Stripe, customer: string): Promise<void> {
  await closeCheckouts(stripe, customer)
  for (const { id, status, cancel_at, cancel_at_period_end } of await running(stripe, customer))
    if (isLive(status) && cancel_at === null && !cancel_at_period_end)
      await stripe.subscriptions.update(id, { cancel_at_period_end: true, metadata: { [mark]: 'true' } })
}

async function goOn(stripe: Stripe, customer: string): Promise<void> {
  for (const { id, metadata } of await running(stripe, customer))
    if (metadata[mark]) await stripe.subscriptions.update(id, { cancel_at_period_end: false, metadata: { [mark]: '' } })
}

async function cancelNow(stripe: Stripe, customer: string): Promise<void> {
  await closeCheckouts(stripe, customer)
  for (const { id } of await running(stripe, customer)) await stripe.subscriptions.cancel(id)
}

/** Before the subscriptions are looked through, so that none is paid afterwards. */
async function closeCheckouts({ checkout }: Stripe, customer: string): Promise<void> {
  const open = await checkout.sessions.list({ customer, status: 'open', limit: 100 })
  for (const { id } of open.data) await checkout.sessions.expire(id)
}

async function running({ subscriptions }: Stripe, customer: string): Promise<Stripe.Subscription[]> {
  const { data } = await subscriptions.list({ customer, limit: 100 })
  return data.filter(({ status }) => status !== 'canceled' && status !== 'incomplete_expired')
}
