import { type SqlBool, sql } from 'kysely'
import { type Context, inSnapshot, requireRole } from '../../platform/context.ts'
import { countUpTo } from '../../platform/db/count-up-to.ts'
import { readSeekPage, type SeekAsked, type SeekPage } from '../../platform/db/seek.ts'
import { type Member, memberQuery } from './members.ts'

export interface MembersAsked extends SeekAsked {
  /** Keeps those whose name or e-mail address contains it, in any case; '' keeps everybody. */
  needle: string
  /** Somebody who is left out. */
  but?: string | null
}

export interface MemberPage extends SeekPage<Member> {
  /** All there are, whoever is searched for. */
  total: number
}

/** A page of the organisation's members: owners first, then admins, each in order of joining. */
export async function listMembers(ctx: Context, asked: MembersAsked): Promise<MemberPage> {
  requireRole(ctx, 'admin')
  const { needle, but } = asked
  return inSnapshot(ctx, async (ctx) => {
    const organisationId = ctx.organisation.id
    const page = await readSeekPage(
      {
        by: [sql`role_rank(m.role)`, sql.ref('m.created_at'), sql.ref('m.user_id')],
        at: (id) => sql`select role_rank(role), created_at, user_id from members
          where organisation_id = ${organisationId} and user_id = ${id}`,
      },
      asked,
      async ({ condition, order, limit }) => {
        let query = memberQuery(ctx).where(condition).orderBy(order).limit(limit)
        const pattern = sql`like_pattern(${needle.toLowerCase()})`
        if (needle) query = query.where(sql<SqlBool>`(lower(u.name) like ${pattern} or lower(u.email) like ${pattern})`)
        if (but) query = query.where('m.user_id', '<>', but)
        return (await query.execute()) as Member[]
      },
      (member) => member.user_id,
    )
    const { rows } = await sql<{ total: number }>`
      select ${countUpTo(sql`select from members where organisation_id = ${organisationId}`)} as total`.execute(ctx.sql)
    return { ...page, total: rows[0]?.total ?? 0 }
  })
}
