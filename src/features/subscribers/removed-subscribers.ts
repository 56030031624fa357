import { createHmac, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'
import type { EmailAddress } from './email-address.ts'

const purpose = 'removed-subscriber'

/**
 * Keeps that a person was removed, without their address: a hash under a key that only SECRET_KEY opens. Also whether their
 * joining, this time or an earlier one, has moved a referrer ahead: it does so once.
 */
export async function rememberRemoved(
  ctx: TransactionContext,
  waitlistId: string,
  person: { id: number; canonical_email: string; state: string; referred_by: number | null },
): Promise<void> {
  const key = (await findRemovalKey(ctx)) ?? (await makeRemovalKey(ctx))
  const kept = { subscriber_id: person.id, removed_at: ctx.now() }
  const credited = person.state === 'active' && person.referred_by !== null
  await ctx.sql
    .insertInto('removed_subscribers')
    .values({
      organisation_id: ctx.organisation.id,
      waitlist_id: waitlistId,
      email_hash: removalHash(key, waitlistId, person.canonical_email),
      credited,
      ...kept,
    })
    .onConflict((conflict) =>
      conflict.columns(['organisation_id', 'waitlist_id', 'email_hash']).doUpdateSet({
        ...kept,
        credited: sql<boolean>`removed_subscribers.credited or excluded.credited`,
      }),
    )
    .execute()
}

/** Of many people, the canonical addresses of those who were removed from a waitlist and are not on it now. */
export async function findRemoved(
  ctx: TransactionContext,
  waitlistId: string,
  people: readonly { email: EmailAddress }[],
): Promise<Set<string>> {
  const key = await findRemovalKey(ctx)
  if (!key || people.length === 0) return new Set()
  const byHash = new Map(
    people.map(({ email: { canonical } }) => [removalHash(key, waitlistId, canonical).toString('hex'), canonical]),
  )
  const rows = await ctx.sql
    .selectFrom('removed_subscribers')
    .select('email_hash')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('waitlist_id', '=', waitlistId)
    .where(
      'email_hash',
      'in',
      [...byHash.keys()].map((hash) => Buffer.from(hash, 'hex')),
    )
    .execute()
  const removed = rows.map((row) => byHash.get(row.email_hash.toString('hex')) ?? '')
  if (removed.length === 0) return new Set()
  const back = await ctx.sql
    .selectFrom('subscribers')
    .select('canonical_email')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('waitlist_id', '=', waitlistId)
    .where('canonical_email', 'in', removed)
    .execute()
  return new Set(removed).difference(new Set(back.map((row) => row.canonical_email)))
}

/** Seals every removal key under the current SECRET_KEY, while the previous one is still known. Runs as the tables' owner. */
export async function renewRemovalKeys({ db, secrets, log }: Services): Promise<void> {
  const stale = await db.kysely
    .selectFrom('removal_keys')
    .selectAll()
    .where('secret_version', '<>', secrets.version)
    .execute()
  for (const { organisation_id, sealed_key, secret_version } of stale) {
    const key = openRemovalKey({ secrets }, sealed_key)
    if (key === undefined) {
      log.error({ organisation_id, secret_version }, 'a key for removed addresses was sealed under another SECRET_KEY')
      continue
    }
    await db.kysely
      .updateTable('removal_keys')
      .set({ sealed_key: secrets.seal(purpose, key), secret_version: secrets.version })
      .where('organisation_id', '=', organisation_id)
      .where('secret_version', '=', secret_version)
      .execute()
  }
}

/** Undefined for one that was sealed under another SECRET_KEY. */
export function openRemovalKey({ secrets }: Pick<Services, 'secrets'>, sealed: Buffer): string | undefined {
  return secrets.open(purpose, sealed)
}

async function findRemovalKey(ctx: TransactionContext): Promise<string | undefined> {
  const row = await ctx.sql
    .selectFrom('removal_keys')
    .select('sealed_key')
    .where('organisation_id', '=', ctx.organisation.id)
    .executeTakeFirst()
  if (!row) return undefined
  const key = openRemovalKey(ctx, row.sealed_key)
  if (key === undefined) throw new Error('the key for removed addresses was sealed under another SECRET_KEY')
  return key
}

async function makeRemovalKey(ctx: TransactionContext): Promise<string> {
  const key = randomBytes(32).toString('hex')
  await ctx.sql
    .insertInto('removal_keys')
    .values({
      organisation_id: ctx.organisation.id,
      sealed_key: ctx.secrets.seal(purpose, key),
      secret_version: ctx.secrets.version,
    })
    .execute()
  return key
}

/** Of a person's address under the organisation's key. The waitlist is part of it, so that nobody sees in two lists' records that they are of one person. */
export function removalHash(key: string, waitlistId: string, canonicalEmail: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(`${waitlistId}\n${canonicalEmail}`).digest()
}
