import { sql } from 'kysely'
import type { Check, Patient } from './check.ts'

/** Counters, counts by ranges and by days, and places in line, against the people themselves. */
export const waitlistsCheck: Check = {
  name: 'waitlists',
  async find(patient) {
    const found: string[] = []
    for (const part of [counters, ranges, days, places]) found.push(...(await part(patient)))
    return found
  },
}

async function counters({ sql: db }: Patient): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    with people as (
      select organisation_id, waitlist_id, count(*) as listed, max(join_number) as last,
        count(*) filter (where state = 'active' and priority_score = 0) as unmoved,
        count(*) filter (where state = 'active' and priority_score > 0) as moved
      from subscribers group by 1, 2
    )
    select 'Waitlist ' || w.id || case
        when c.waitlist_id is null then ' has no counter.'
        when c.last_join_number < coalesce(p.last, 0) then ' would give join number ' || c.last_join_number + 1 || ' twice.'
        else ' counts ' || c.listed || ' people (' || c.unmoved || ' unmoved, ' || c.moved || ' moved), and has '
          || coalesce(p.listed, 0) || ' (' || coalesce(p.unmoved, 0) || ', ' || coalesce(p.moved, 0) || ').' end as what
    from waitlists w
      left join waitlist_counters c on c.organisation_id = w.organisation_id and c.waitlist_id = w.id
      left join people p on p.organisation_id = w.organisation_id and p.waitlist_id = w.id
    where c.waitlist_id is null or c.last_join_number < coalesce(p.last, 0)
      or (c.listed, c.unmoved, c.moved) is distinct from (coalesce(p.listed, 0), coalesce(p.unmoved, 0), coalesce(p.moved, 0))
    union all
    select 'Organisation ' || c.organisation_id || ' would give subscriber id ' || c.last_subscriber_id + 1 || ' twice.'
    from organisation_counters c
    where c.last_subscriber_id < (select max(id) from subscribers s where s.organisation_id = c.organisation_id)
    order by 1`.execute(db)
  return rows.map(({ what }) => what)
}

async function ranges({ sql: db }: Patient): Promise<string[]> {
  const { rows } = await sql<{ waitlist: string; wrong: number }>`
    with marks as (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, count(*) as listed,
        count(*) filter (where state = 'active' and priority_score = 0) as unmoved, 0 as moved
      from subscribers group by 1, 2, 3
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, count(*)
      from subscribers where state = 'active' and priority_score > 0 group by 1, 2, 3
    ), people as (
      select organisation_id, waitlist_id, level, bucket >> bits as bucket,
        sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved
      from marks cross join (values (1::smallint, 0), (2::smallint, 6), (3::smallint, 12), (4::smallint, 18)) l(level, bits)
      group by 1, 2, 3, 4
    )
    select waitlist_id as waitlist, count(*) as wrong
    from people p full join line_counts c using (organisation_id, waitlist_id, level, bucket)
    where coalesce(p.listed, 0) <> coalesce(c.listed, 0) or coalesce(p.unmoved, 0) <> coalesce(c.unmoved, 0)
      or coalesce(p.moved, 0) <> coalesce(c.moved, 0)
    group by 1 order by 1`.execute(db)
  return rows.map(
    ({ waitlist, wrong }) => `Waitlist ${waitlist}: ${wrong} of its counts by range are not those of its people.`,
  )
}

async function days({ sql: db }: Patient): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    with people as (
      select organisation_id, waitlist_id, (added_at at time zone 'UTC')::date as day, count(*) as joined
      from subscribers group by 1, 2, 3
    )
    select 'Waitlist ' || waitlist_id || ': on ' || day || ' joined ' || p.joined || ', and ' || coalesce(d.joined, 0) || ' are counted.' as what
    from people p left join daily_joins d using (organisation_id, waitlist_id, day)
    -- Who was removed since stays counted.
    where coalesce(d.joined, 0) < p.joined
    order by 1`.execute(db)
  return rows.map(({ what }) => what)
}

/** Places as the product tells them, of fifty people of each waitlist. */
async function places({ sql: db }: Patient): Promise<string[]> {
  const { rows } = await sql<{ what: string }>`
    with line as (
      select organisation_id, waitlist_id, join_number, priority_score,
        row_number() over (partition by organisation_id, waitlist_id order by line_key, join_number) as place,
        count(*) over (partition by organisation_id, waitlist_id) as people
      from subscribers where state = 'active'
    ), told as (
      select *, place_in_line(organisation_id, waitlist_id, join_number, priority_score) as told
      from line where (place - 1) % greatest(people / 50, 1) = 0
    )
    select 'Waitlist ' || waitlist_id || ': who stands at place ' || min(place) || ' is told another.' as what
    from told where told <> place group by organisation_id, waitlist_id order by 1`.execute(db)
  return rows.map(({ what }) => what)
}
