import { sql } from 'kysely'
import type { Check } from './check.ts'

export const organisationsCheck: Check = {
  name: 'organisations',
  async find({ sql: db }) {
    const { rows } = await sql<{ what: string }>`
      select o.slug || ' has no counter.' as what from organisations o
        where not exists (select from organisation_counters c where c.organisation_id = o.id)
      union all
      select o.slug || ' has no owner.' from organisations o
        where not exists (select from members m where m.organisation_id = o.id and m.role = 'owner')
      union all
      select 'The address ' || o.slug || ' is not kept as its organisation''s.' from organisations o
        where not exists (select from organisation_slugs s where s.slug = o.slug and s.organisation_id = o.id)
      union all
      select 'The use of key ' || u.api_key_id || ' stands under another organisation than the key.' from api_key_usage u
        join api_keys k on k.id = u.api_key_id where k.organisation_id <> u.organisation_id
      order by 1`.execute(db)
    return rows.map(({ what }) => what)
  },
}
