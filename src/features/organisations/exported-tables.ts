import { type RawBuilder, sql } from 'kysely'
import { readByCursor } from '../../platform/db/read-by-cursor.ts'
import { exportedActivities } from './exported-activities.ts'
import { exportedPeople } from './exported-people.ts'
import type { ExportedTable } from './exported-table.ts'

type Row = Record<string, unknown>

const pageRows = 1_000

const keyColumns = [
  ...['k.id', 'k.name', 'k.scopes', 'k.prefix', 'k.created_at', 'k.created_by_id', 'k.created_by_name', 'k.revoked_at'],
  ...['k.revoked_by_id', 'k.revoked_by_name', 'u.last_used_at', 'u.last_used_ip', 'u.reuse_count'],
  ...['u.reuse_first_at', 'u.reuse_last_at', 'u.reuse_last_ip'],
]

/** What an organisation takes along: no secret but the status links, no hash but those that chain the log, nothing of anybody else. */
export const exportedTables: Record<string, ExportedTable> = {
  organisation: queried(
    ['id', 'slug', 'name', 'plan', 'created_at'],
    (columns, id) => sql<Row>`select ${columns} from organisations where id = ${id}`,
  ),
  // The address of now and every earlier one.
  organisation_slugs: own('organisation_slugs', ['slug'], ['slug']),
  billing_accounts: own(
    'billing_accounts',
    ['customer_id', 'subscription_id', 'status', 'plan', 'past_due_since', 'renews_at', 'ends_at', 'checked_at'],
    ['customer_id'],
  ),
  members: queried(
    ['m.user_id', 'u.name', 'u.email', 'm.role', 'm.created_at'],
    (columns, id) => sql<Row>`select ${columns} from members m join users u on u.id = m.user_id
      where m.organisation_id = ${id} order by m.created_at, m.user_id`,
  ),
  invitations: own(
    'invitations',
    [
      ...['id', 'email', 'role', 'invited_by_id', 'invited_by_name'],
      ...['created_at', 'expires_at', 'accepted_at', 'withdrawn_at'],
    ],
    ['created_at', 'id'],
  ),
  waitlists: own(
    'waitlists',
    ['id', 'name', 'description', 'referrals_enabled', 'skip_amount', 'created_at', 'archived_at'],
    ['created_at', 'id'],
  ),
  // What a referral was worth to those who joined with this number or a lower one, before it was changed.
  earlier_skip_amounts: own(
    'earlier_skip_amounts',
    ['waitlist_id', 'last_join_number', 'places'],
    ['waitlist_id', 'last_join_number'],
  ),
  confirmed_referrals: own(
    'confirmed_referrals',
    ['waitlist_id', 'join_number', 'places'],
    ['waitlist_id', 'join_number'],
  ),
  api_keys: queried(
    keyColumns,
    (columns, id) => sql<Row>`select ${columns} from api_keys k
      left join api_key_usage u on u.organisation_id = k.organisation_id and u.api_key_id = k.id
      where k.organisation_id = ${id} order by k.created_at, k.id`,
  ),
  subscribers: exportedPeople,
  removed_subscribers: long(
    'removed_subscribers',
    ['waitlist_id', 'subscriber_id', 'removed_at', 'credited'],
    'subscriber_id',
  ),
  imports: own(
    'imports',
    [
      ...['id', 'waitlist_id', 'state', 'file_name', 'started_by', 'reading', 'bytes', 'lines', 'done_rows', 'added'],
      ...['confirmed', 'already_there', 'refused', 'stopped_reason', 'created_at', 'started_at', 'finished_at'],
      ...['file_deleted_at', 'activity_number'],
    ],
    ['created_at', 'id'],
  ),
  // Whom an import brought: everybody with these ids; and the row of the log that says so.
  imported_people: long('imported_people', ['first_id', 'last_id', 'import_id', 'activity_number'], 'first_id'),
  activities: exportedActivities,
}

/** The rows of a query. Its columns may be said to be those of a part of it. */
function queried(
  columns: string[],
  query: (columns: RawBuilder<unknown>, organisationId: string) => RawBuilder<Row>,
): ExportedTable {
  return {
    columns: columns.map((column) => column.replace(/^\w\./, '')),
    async *rows(ctx) {
      const list = sql.join(columns.map((column) => sql.ref(column)))
      yield* readByCursor(ctx.sql, query(list, ctx.organisation.id), pageRows)
    },
  }
}

/** The organisation's rows of one table, in an order of several columns. */
function own(table: string, columns: string[], order: string[]): ExportedTable {
  const by = sql.join(order.map((column) => sql.ref(column)))
  return queried(
    columns,
    (list, id) => sql<Row>`select ${list} from ${sql.table(table)} where organisation_id = ${id} order by ${by}`,
  )
}

/** The organisation's rows of one table, however many, in order of a number that each has for itself. */
function long(table: string, columns: string[], number: string): ExportedTable {
  return {
    columns,
    async *rows(ctx) {
      const list = sql.join(columns.map((column) => sql.ref(column)))
      for (let last = 0; ; ) {
        const { rows } = await sql<Row>`select ${list} from ${sql.table(table)}
          where organisation_id = ${ctx.organisation.id} and ${sql.ref(number)} > ${last}
          order by ${sql.ref(number)} limit ${pageRows}`.execute(ctx.sql)
        if (rows.length > 0) yield rows
        last = Number(rows.at(-1)?.[number] ?? last)
        if (rows.length < pageRows) return
      }
    },
  }
}
