import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import type { SubscriberJson } from '../subscribers/subscriber.ts'

type Row = Record<string, unknown>

/** One table of an export: its columns in order, and its rows, some at a time. */
export interface ExportedTable {
  columns: readonly string[]
  rows(ctx: TransactionContext): AsyncIterable<Row[]>
}

const pageRows = 1_000

/** What an organisation takes along: no secret, no hash, nothing of anybody else. */
export const exportedTables: Record<string, ExportedTable> = {
  organisation: {
    columns: ['id', 'slug', 'name', 'plan', 'created_at'],
    rows: (ctx) =>
      whole(
        sql<Row>`select id, slug, name, plan, created_at from organisations where id = ${ctx.organisation.id}`,
        ctx,
      ),
  },
  members: {
    columns: ['user_id', 'name', 'email', 'role', 'created_at'],
    rows: (ctx) =>
      whole(
        sql<Row>`select m.user_id, u.name, u.email, m.role, m.created_at from members m join users u on u.id = m.user_id
          where m.organisation_id = ${ctx.organisation.id} order by m.created_at, m.user_id`,
        ctx,
      ),
  },
  invitations: {
    columns: ['id', 'email', 'role', 'invited_by_name', 'created_at', 'expires_at', 'accepted_at', 'withdrawn_at'],
    rows: (ctx) =>
      whole(
        sql<Row>`select id, email, role, invited_by_name, created_at, expires_at, accepted_at, withdrawn_at
          from invitations where organisation_id = ${ctx.organisation.id} order by created_at, id`,
        ctx,
      ),
  },
  waitlists: {
    columns: ['id', 'name', 'description', 'referrals_enabled', 'skip_amount', 'created_at', 'archived_at'],
    rows: (ctx) =>
      whole(
        sql<Row>`select id, name, description, referrals_enabled, skip_amount, created_at, archived_at
          from waitlists where organisation_id = ${ctx.organisation.id} order by created_at, id`,
        ctx,
      ),
  },
  api_keys: {
    columns: [
      'id',
      'name',
      'scopes',
      'prefix',
      'created_at',
      'created_by_name',
      'revoked_at',
      'revoked_by_name',
      'last_used_at',
    ],
    rows: (ctx) =>
      whole(
        sql<Row>`select k.id, k.name, k.scopes, k.prefix, k.created_at, k.created_by_name, k.revoked_at, k.revoked_by_name,
            u.last_used_at
          from api_keys k left join api_key_usage u on u.organisation_id = k.organisation_id and u.api_key_id = k.id
          where k.organisation_id = ${ctx.organisation.id} order by k.created_at, k.id`,
        ctx,
      ),
  },
  subscribers: {
    columns: [
      ...[
        'waitlist_id',
        'id',
        'email',
        'state',
        'position',
        'joined_at',
        'added_at',
        'referral_code',
        'referral_count',
      ],
      'referred_by_id',
    ],
    rows: subscribers,
  },
  activities: {
    columns: [
      ...['number', 'id', 'occurred_at', 'action', 'actor_type', 'actor_id', 'actor_name', 'targets', 'changes'],
      ...['request_id', 'ip', 'user_agent'],
    ],
    rows: activities,
  },
}

/** A table that is small in every organisation. */
async function* whole(query: ReturnType<typeof sql<Row>>, ctx: TransactionContext): AsyncGenerator<Row[]> {
  yield (await query.execute(ctx.sql)).rows
}

async function* subscribers(ctx: TransactionContext): AsyncGenerator<Row[]> {
  const { rows: waitlists } = await sql<{ id: string; referrals_enabled: boolean }>`
    select id, referrals_enabled from waitlists where organisation_id = ${ctx.organisation.id} order by created_at, id`.execute(
    ctx.sql,
  )
  for (const waitlist of waitlists) {
    for (let offset = 0, last = 0; ; offset += pageRows) {
      const places = await readPlaces(ctx, waitlist, offset)
      const people = await readPeople(ctx, waitlist.id, last)
      const referrers = await readReferrers(ctx, waitlist.id, people)
      // In one snapshot both are the same people, in order of joining.
      const rows = people.map(({ join_number, referred_by, waitlist_id, id, email, state, ...person }, i) => ({
        ...{ waitlist_id, id, email, state },
        position: places[i] ?? null,
        ...person,
        referred_by_id: referred_by === null ? null : (referrers.get(referred_by) ?? null),
      }))
      if (rows.length > 0) yield rows
      if (rows.length < pageRows) break
      last = people.at(-1)?.join_number ?? last
    }
  }
}

async function readPlaces(
  ctx: TransactionContext,
  waitlist: { id: string; referrals_enabled: boolean },
  offset: number,
): Promise<(number | null)[]> {
  const { rows } = await sql<{ items: string }>`
    select items from list_subscribers_json(${ctx.organisation.id}, ${waitlist.id}, ${waitlist.referrals_enabled},
      ${offset}::bigint, ${pageRows}::integer, '')`.execute(ctx.sql)
  return (JSON.parse(rows[0]?.items ?? '[]') as SubscriberJson[]).map((item) => item.position)
}

async function readPeople(ctx: TransactionContext, waitlistId: string, last: number) {
  const { rows } = await sql<Row & { join_number: number; referred_by: number | null }>`
    select join_number, referred_by, waitlist_id, id::text as id, email, state, joined_at, added_at, referral_code, referral_count
    from subscribers
    where organisation_id = ${ctx.organisation.id} and waitlist_id = ${waitlistId} and join_number > ${last}
    order by join_number limit ${pageRows}`.execute(ctx.sql)
  return rows
}

/** Ids by join numbers; whoever was removed is not among them. */
async function readReferrers(
  ctx: TransactionContext,
  waitlistId: string,
  people: readonly { referred_by: number | null }[],
): Promise<Map<number, string>> {
  const joinNumbers = [...new Set(people.flatMap(({ referred_by }) => referred_by ?? []))]
  if (joinNumbers.length === 0) return new Map()
  const { rows } = await sql<{ join_number: number; id: string }>`
    select join_number, id::text as id from subscribers
    where organisation_id = ${ctx.organisation.id} and waitlist_id = ${waitlistId}
      and join_number = any (${joinNumbers}::bigint[])`.execute(ctx.sql)
  return new Map(rows.map((row) => [row.join_number, row.id]))
}

async function* activities(ctx: TransactionContext): AsyncGenerator<Row[]> {
  for (let last = 0; ; ) {
    const { rows } = await sql<Row & { number: number }>`
      select number, id, occurred_at, action, actor_type, actor_id, actor_name, targets, changes, request_id, ip, user_agent
      from activities where organisation_id = ${ctx.organisation.id} and number > ${last} order by number limit ${pageRows}`.execute(
      ctx.sql,
    )
    if (rows.length > 0) yield rows
    last = rows.at(-1)?.number ?? last
    if (rows.length < pageRows) return
  }
}
