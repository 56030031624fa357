import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { type SetupField, setupFields, type WaitlistSetup } from './waitlist-setup.ts'

/** What others made of one field while somebody was editing. */
export interface SetupChange {
  field: SetupField
  before: WaitlistSetup[SetupField] | undefined
  now: WaitlistSetup[SetupField]
  /** Who changed it last. */
  by: string
  /** The editor changed it too, to something else. */
  isContested: boolean
}

interface LoggedChange {
  actor_name: string
  changes: { before?: Partial<WaitlistSetup>; after?: Partial<WaitlistSetup> } | null
}

/** Whoever began to edit before so many others had saved is told of the newest. */
const mostChanges = 500

/** What the log says was changed on a waitlist since a version of its setup, field by field. */
export async function findSetupChanges(
  ctx: TransactionContext,
  id: string,
  version: number,
  { current, draft }: { current: WaitlistSetup; draft: WaitlistSetup },
): Promise<SetupChange[]> {
  const { rows } = await sql<LoggedChange>`
    select actor_name, changes from activities
    where organisation_id = ${ctx.organisation.id} and target_id = ${id} and action = 'waitlist.updated' and number > ${version}
    order by number desc limit ${mostChanges}`.execute(ctx.sql)
  rows.reverse()
  return setupFields.flatMap((field) => {
    const ofField = rows.filter(({ changes }) => changes?.after && field in changes.after)
    const last = ofField.at(-1)
    // Where the log has forgotten, whatever differs may have been somebody else's.
    const isForgotten = rows.length === 0 && current[field] !== draft[field]
    if (!last && !isForgotten) return []
    const before = ofField[0]?.changes?.before?.[field]
    return {
      field,
      before,
      now: current[field],
      by: last?.actor_name ?? 'Somebody else',
      isContested: draft[field] !== before && draft[field] !== current[field],
    }
  })
}
