import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import { activeKeyCount } from '../api-keys/active-key-count.ts'

/** What of the plan an organisation uses. */
export async function countUse(ctx: Context): Promise<{ waitlists: number; members: number; keys: number }> {
  requireRole(ctx, 'owner')
  return inSnapshot(ctx, async (ctx) => {
    const id = ctx.organisation.id
    return ctx.sql
      .selectNoFrom((eb) => [
        eb
          .selectFrom('waitlists')
          .select((e) => e.fn.countAll<number>().as('n'))
          .where('organisation_id', '=', id)
          .where('archived_at', 'is', null)
          .as('waitlists'),
        eb
          .selectFrom('members')
          .select((e) => e.fn.countAll<number>().as('n'))
          .where('organisation_id', '=', id)
          .as('members'),
        activeKeyCount(ctx).as('keys'),
      ])
      .$narrowType<{ waitlists: number; members: number; keys: number }>()
      .executeTakeFirstOrThrow()
  })
}
