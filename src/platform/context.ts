import { sql, type Transaction } from 'kysely'
import type { Database } from './db/database.ts'
import { enterOrganisation } from './db/enter-organisation.ts'
import type { Tables } from './db/tables.ts'
import { AppError } from './errors.ts'
import type { Services } from './services.ts'

export type Role = 'owner' | 'admin' | 'member'

/** Who acts. It comes from the session, the key or the command line, never from what was sent. */
export type Actor =
  | { type: 'user'; id: string; name: string; role: Role }
  | { type: 'api_key'; id: string; name: string; scopes: string[] }
  | { type: 'subscriber'; id: string; name: string }
  | { type: 'system'; id: null; name: string }

export interface Organisation {
  id: string
  slug: string
  name: string
  plan: string
}

/** Everything a verb needs to know about the request it serves. */
export interface Context extends Services {
  organisation: Organisation
  actor: Actor
  requestId: string | null
  ip: string | null
  userAgent: string | null
  /** Of a page: aborted when the browser closes the connection before it is answered. */
  signal?: AbortSignal
}

/** Inside a transaction of the context's organisation: `sql` sees only that organisation's rows. */
export interface TransactionContext extends Context {
  sql: Transaction<Tables>
}

/** The higher one may do what the lower may, and more. */
export const roleRanks: Record<Role, number> = { member: 1, admin: 2, owner: 3 }

export function hasRole(actor: Actor, role: Role): boolean {
  return actor.type === 'system' || (actor.type === 'user' && roleRanks[actor.role] >= roleRanks[role])
}

/** @throws AppError `forbidden` unless a person of at least that role, or the system itself, acts. */
export function requireRole(ctx: Context, role: Role): void {
  if (!hasRole(ctx.actor, role)) {
    throw new AppError(
      'forbidden',
      `Only ${role === 'owner' ? 'the owner' : 'owners and admins'} of this organisation may do this.`,
    )
  }
}

function isTransaction(ctx: Context): ctx is TransactionContext {
  return 'sql' in ctx
}

/**
 * All or nothing. Locks the organisation's counter row first, so that writers of one organisation queue fairly and a
 * revoke, plan change, archive or removal that has returned is seen by all that follow; then reads the plan and the
 * person's membership afresh. Joins the transaction that `ctx` is in already. While an organisation waits to be deleted only
 * the system changes anything in it, unless `evenIfDeleted`.
 * @throws AppError `forbidden` when the person has been removed or lost the role they came with.
 */
export async function inTransaction<T>(
  ctx: Context,
  work: (ctx: TransactionContext) => Promise<T>,
  { evenIfDeleted = false }: { evenIfDeleted?: boolean } = {},
): Promise<T> {
  if (isTransaction(ctx)) return work(ctx)
  return ctx.db.kysely.transaction().execute(async (transaction) => {
    await enterOrganisation(transaction, ctx.db, ctx.organisation.id)
    await sql`select 1 from organisation_counters where organisation_id = ${ctx.organisation.id} for update`.execute(
      transaction,
    )
    const found = await transaction
      .selectFrom('organisations')
      .select(['id', 'slug', 'name', 'plan', 'deleted_at'])
      .where('id', '=', ctx.organisation.id)
      .executeTakeFirst()
    if (!found) throw new AppError('not_found', 'This organisation no longer exists.')
    const { deleted_at, ...organisation } = found
    if (deleted_at && ctx.actor.type !== 'system' && !evenIfDeleted)
      throw new AppError('not_found', 'This organisation is deleted. An owner can still bring it back.')
    const actor = await refreshActor(transaction, ctx)
    return work({ ...ctx, db: aside(ctx.db), organisation, actor, sql: transaction })
  })
}

/**
 * A part of what is read piece by piece over a long time: whoever lost the role for it meanwhile gets no further one.
 * @throws AppError `forbidden`.
 */
export async function inLaterSnapshot<T>(
  ctx: Context,
  role: Role,
  work: (ctx: TransactionContext) => Promise<T>,
): Promise<T> {
  return inSnapshot(ctx, async (ctx) => {
    const fresh = { ...ctx, actor: await refreshActor(ctx.sql, ctx) }
    requireRole(fresh, role)
    return work(fresh)
  })
}

/** A consistent view for reading, without the lock: many may read while one writes. */
export async function inSnapshot<T>(ctx: Context, work: (ctx: TransactionContext) => Promise<T>): Promise<T> {
  if (isTransaction(ctx)) return work(ctx)
  return ctx.db.kysely
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (transaction) => {
      await enterOrganisation(transaction, ctx.db, ctx.organisation.id)
      return work({ ...ctx, db: aside(ctx.db), sql: transaction })
    })
}

/** A transaction that waited for a second connection of its pool would hold the first one meanwhile. */
function aside(db: Database): Database {
  return { ...db, ...db.aside }
}

async function refreshActor(transaction: Transaction<Tables>, ctx: Context): Promise<Actor> {
  const { actor } = ctx
  if (actor.type !== 'user') return actor
  const member = await transaction
    .selectFrom('members')
    .select('role')
    .where('organisation_id', '=', ctx.organisation.id)
    .where('user_id', '=', actor.id)
    .executeTakeFirst()
  if (!member) throw new AppError('forbidden', 'You are no longer a member of this organisation.')
  return { ...actor, role: member.role as Role }
}
