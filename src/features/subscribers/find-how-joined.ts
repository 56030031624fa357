import { sql } from 'kysely'
import { type Context, inSnapshot, requireRole, type TransactionContext } from '../../platform/context.ts'
import type { Activity } from '../activity/activity.ts'
import type { ImportStarter, ImportState } from '../imports/import.ts'
import { planRules } from '../plans/plan-rules.ts'

/** A row of the log about one person, as far as their own page shows it. */
export interface SubscriberEvent {
  number: number
  action: 'subscriber.joined' | 'subscriber.imported' | 'subscriber.confirmed'
  occurred_at: Date
  actor: Activity['actor']
}

/** The file that somebody came with. */
export interface BroughtBy {
  import_id: string
  file_name: string
  /** Null once the import is over: its row of the log says so. */
  runningUnder: string | null
}

export interface HowJoined {
  /** Newest first, as far back as the plan shows the log. */
  events: SubscriberEvent[]
  broughtBy: BroughtBy | undefined
  /** They joined before what the plan shows of the log. */
  isBeforeLog: boolean
}

/** How somebody came to stand in line: by whom, or with which file. */
export async function findHowJoined(ctx: Context, person: { id: string; added_at: Date }): Promise<HowJoined> {
  requireRole(ctx, 'admin')
  const { activityDays } = planRules(ctx.organisation.plan)
  const windowStart = activityDays === null ? new Date(0) : new Date(ctx.now().getTime() - activityDays * 86_400_000)
  return inSnapshot(ctx, async (ctx) => {
    const id = Number(person.id)
    const { rows } = await sql<{ number: number }>`
      select number from activities_of_subscriber(${id}) found(number)`.execute(ctx.sql)
    const source = await findImport(ctx, id)
    const numbers = [...rows.map(({ number }) => number), ...(source?.activity_number ? [source.activity_number] : [])]
    return {
      events: numbers.length === 0 ? [] : await readEvents(ctx, numbers, windowStart),
      broughtBy: source && {
        import_id: source.import_id,
        file_name: source.file_name,
        runningUnder:
          source.activity_number === null && (source.state as ImportState) === 'running'
            ? (source.started_by as ImportStarter).name
            : null,
      },
      isBeforeLog: person.added_at < windowStart,
    }
  })
}

async function findImport(ctx: TransactionContext, id: number) {
  const source = await ctx.sql
    .selectFrom('imported_people as p')
    .innerJoin('imports as i', (join) =>
      join.onRef('i.organisation_id', '=', 'p.organisation_id').onRef('i.id', '=', 'p.import_id'),
    )
    .select(['p.import_id', 'p.last_id', 'i.file_name', 'i.state', 'i.started_by', 'p.activity_number'])
    .where('p.organisation_id', '=', ctx.organisation.id)
    .where('p.first_id', '<=', id)
    .orderBy('p.first_id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return source && source.last_id >= id ? source : undefined
}

async function readEvents(ctx: TransactionContext, numbers: number[], windowStart: Date): Promise<SubscriberEvent[]> {
  const rows = await ctx.sql
    .selectFrom('activities')
    .select(['number', 'action', 'occurred_at', 'actor_type', 'actor_id', 'actor_name'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('number', 'in', numbers)
    .where('occurred_at', '>=', windowStart)
    .orderBy('number', 'desc')
    .execute()
  return rows.map(({ actor_type, actor_id, actor_name, ...row }) => ({
    ...row,
    action: row.action as SubscriberEvent['action'],
    actor: { type: actor_type as Activity['actor']['type'], id: actor_id, name: actor_name },
  }))
}
