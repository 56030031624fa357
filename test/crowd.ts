import { sql } from 'kysely'
import { addSubscriber } from '../src/features/subscribers/add-subscriber.ts'
import { fillWaitlist } from '../src/features/subscribers/fill-waitlist.ts'
import { mostCounted } from '../src/platform/db/count-up-to.ts'
import { makeWaitlist, type TestOrganisation, type TestProduct } from './make.ts'

/** More than is counted. */
export const crowded = mostCounted + 500
export const thousands = 3_000

/** Fills an organisation, and its owner's account, with thousands of each kind of thing that a page lists. */
export async function crowd(product: TestProduct, organisation: TestOrganisation): Promise<{ waitlistId: string }> {
  const { id, owner } = organisation
  const waitlistId = await makeWaitlist(organisation, 'The busy one')
  await fillWaitlist(organisation.ctx, waitlistId, thousands)
  await addSubscriber(organisation.ctx, waitlistId, { email: 'last@example.com' })
  const statements = [
    sql`insert into users (id, name, email) select 'usr_c' || n, 'Person ' || n, 'person' || n || '@example.com'
      from generate_series(1, ${crowded}) n`,
    sql`insert into members (organisation_id, user_id, role, created_at)
      select ${id}, 'usr_c' || n, (array['owner', 'admin', 'member', 'member'])[n % 4 + 1], now() - n * interval '1 second'
      from generate_series(1, ${crowded}) n`,
    sql`insert into invitations (id, organisation_id, email, role, token_hash, invited_by_name, expires_at)
      select 'inv_c' || n, ${id}, 'invited' || n || '@example.com', 'member', sha256(n::text::bytea), 'Ada', now() + interval '5 days' - n * interval '1 minute'
      from generate_series(1, ${thousands}) n`,
    sql`insert into waitlists (id, organisation_id, name, created_at, archived_at)
      select 'wl_c' || n, ${id}, 'Launch ' || n, now() - n * interval '1 second', case when n > ${crowded} then now() - n * interval '1 second' end
      from generate_series(1, ${crowded + thousands}) n`,
    sql`insert into daily_joins (organisation_id, waitlist_id, day, joined) select ${id}, 'wl_c' || n, now()::date, n
      from generate_series(1, ${crowded}) n`,
    sql`insert into api_keys (id, organisation_id, name, name_key, scopes, prefix, secret_hash, secret_version, created_by_name, created_at,
        revoked_at, revoked_by_name)
      select 'key_c' || n, ${id}, 'key ' || n, 'key ' || n, '{subscribers:read}', 'qu_live_AbCd…', sha256(('key' || n)::bytea), 'x', 'Ada',
        now() - n * interval '1 second', case when n > 2000 then now() end, case when n > 2000 then 'Ada' end
      from generate_series(1, ${crowded + 2000}) n`,
    sql`insert into api_key_usage (api_key_id, organisation_id, reuse_count, reuse_last_at) select id, organisation_id, 1, now()
      from api_keys where organisation_id = ${id} and revoked_at is not null`,
    sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets)
      select ${id}, c.last_activity_number + n, now(), case when n % 2 = 0 then 'subscriber.joined' else 'waitlist.updated' end,
        case when n % 3 = 0 then 'user' else 'api_key' end, case when n % 3 = 0 then 'usr_c' else 'key_c' end || n, 'Somebody ' || n,
        jsonb_build_array(jsonb_build_object('type', 'subscriber', 'id', (1000000 + n)::text), jsonb_build_object('type', 'waitlist', 'id', 'wl_c' || n))
      from generate_series(1, ${2 * thousands}) n, organisation_counters c where c.organisation_id = ${id}`,
    sql`update organisation_counters set last_activity_number = (select max(number) from activities where organisation_id = ${id})
      where organisation_id = ${id}`,
    sql`insert into imports (organisation_id, id, waitlist_id, state, file_name, started_by, created_at, finished_at, file_deleted_at)
      select ${id}, 'imp_c' || n, ${waitlistId}, 'done', 'people.csv', '{"name": "Ada"}', now() - n * interval '1 minute', now(), now()
      from generate_series(1, ${thousands}) n`,
    sql`update subscribers set referred_by = 1 where organisation_id = ${id} and waitlist_id = ${waitlistId} and join_number > 1`,
    sql`insert into sessions (id, user_id, token, expires_at, last_seen_at)
      select 'ses_c' || n, ${owner.id}, 'none' || n, now() + interval '1 day', now() - n * interval '1 minute'
      from generate_series(1, ${thousands}) n`,
    sql`insert into organisations (id, slug, name, plan) select 'org_c' || n, 'crowd-' || n, 'Crowd ' || n, 'team'
      from generate_series(1, ${thousands}) n`,
    sql`insert into members (organisation_id, user_id, role) select 'org_c' || n, ${owner.id}, 'owner'
      from generate_series(1, ${thousands}) n`,
  ]
  const { kysely } = product.database.owner
  for (const statement of statements) await statement.execute(kysely)
  await sql`vacuum analyze`.execute(kysely)
  return { waitlistId }
}
