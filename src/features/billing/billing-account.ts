import type { Selectable } from 'kysely'
import { type Context, inSnapshot } from '../../platform/context.ts'
import type { BillingAccountsTable } from '../../platform/db/tables.ts'
import type { Services } from '../../platform/services.ts'
import { listPlanPrices, type PlanPrices } from './list-plan-prices.ts'

export type BillingAccount = Selectable<BillingAccountsTable>

/** What Stripe last said of the organisation; undefined where nobody has begun a checkout yet. */
export async function findBillingAccount(ctx: Context): Promise<BillingAccount | undefined> {
  return inSnapshot(ctx, (ctx) =>
    ctx.sql
      .selectFrom('billing_accounts')
      .selectAll()
      .where('organisation_id', '=', ctx.organisation.id)
      .executeTakeFirst(),
  )
}

/** To when a running subscription is paid for; undefined where none runs. */
export async function findPaidUntil(ctx: Context): Promise<Date | undefined> {
  const account = await findBillingAccount(ctx)
  return account && isLive(account.status) ? (account.ends_at ?? account.renews_at ?? undefined) : undefined
}

/** What the Plan page shows of it. */
export interface Billing {
  account: BillingAccount | undefined
  prices: PlanPrices
  graceEndsAt: Date | undefined
  now: Date
}

/** Undefined where no billing provider is configured. */
export async function findBilling(ctx: Context): Promise<Billing | undefined> {
  if (!ctx.config.stripe) return undefined
  const [account, prices] = await Promise.all([findBillingAccount(ctx), listPlanPrices(ctx)])
  return { account, prices, graceEndsAt: account && graceEndsAt(ctx, account), now: ctx.now() }
}

/** States in which there is a subscription that can be changed, paid or cancelled, and so no second one is begun. */
export const liveStatuses = ['active', 'trialing', 'past_due', 'unpaid', 'paused'] as const

export function isLive(status: string | null | undefined): boolean {
  return liveStatuses.some((live) => live === status)
}

/** What is wrong with the subscription, as a sentence; undefined where nothing is. */
export function problemOf(status: string | null): string | undefined {
  if (status === 'past_due') return 'The last payment failed.'
  if (status === 'unpaid') return 'The last payments failed.'
  if (status === 'paused') return 'The trial is over and no card was given.'
  return undefined
}

/** Until when a failed renewal keeps the plan; undefined where none has failed. */
export function graceEndsAt(
  { config }: Pick<Services, 'config'>,
  { past_due_since }: Pick<BillingAccount, 'past_due_since'>,
): Date | undefined {
  return past_due_since ? new Date(past_due_since.getTime() + config.billingGraceDays * 86_400_000) : undefined
}

/** The context in which Stripe, and no person, acts. */
export function asStripe(ctx: Context): Context {
  return { ...ctx, actor: { type: 'system', id: null, name: 'Stripe' }, ip: null, userAgent: null }
}

/** The organisation of a job or an event; undefined once it is deleted. */
export async function findOrganisationForStripe(
  services: Services,
  id: string,
  requestId: string | null = null,
): Promise<Context | undefined> {
  const organisation = await services.db.kysely
    .selectFrom('organisations')
    .select(['id', 'slug', 'name', 'plan'])
    .where('id', '=', id)
    .executeTakeFirst()
  if (!organisation) return undefined
  const actor = { type: 'system', id: null, name: 'Stripe' } as const
  return { ...services, organisation, actor, requestId, ip: null, userAgent: null }
}
