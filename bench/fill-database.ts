import type { Client } from 'pg'
import type { BenchOptions } from './read-options.ts'
import type { RunningProduct } from './start-product.ts'

const batchRows = 2_000
/** On the short list that the long ones are compared with. */
export const smallPeople = 10_000
/** A needle that is in fifty addresses, evenly spread. */
export const needleOfFifty = 'vip-guest'

/** Fills the waitlists through the function that every way of joining uses, and makes the table of the insert baseline. */
export async function fillDatabase(client: Client, product: RunningProduct, options: BenchOptions): Promise<void> {
  const { plain, moved, small, smallMoved } = product.waitlists
  await joinAll(client, small, smallPeople)
  await joinAll(client, plain, options.people)
  if (options.moved > 0) {
    await joinAll(client, smallMoved, smallPeople)
    await move(client, smallMoved, {
      people: smallPeople,
      moved: Math.round((options.moved / options.people) * smallPeople),
    })
    await joinAll(client, moved, options.people)
    await move(client, moved, options)
  }
  await makeBaselineTable(client, product)
  // What autovacuum would have done a minute later, and in the midst of a measurement.
  await client.query('vacuum (analyze)')
  await client.query('checkpoint')
}

/** People join in turn; nobody is referred. */
export async function joinAll(client: Client, waitlistId: string, people: number): Promise<void> {
  for (let from = 1; from <= people; from += batchRows) {
    const through = Math.min(people, from + batchRows - 1)
    await client.query('begin')
    await client.query(`select set_config('app.organisation_id', organisation_id, true) from waitlists where id = $1`, [
      waitlistId,
    ])
    await client.query(
      `select from organisation_counters c join waitlists w using (organisation_id) where w.id = $1 for update of c`,
      [waitlistId],
    )
    await client.query(
      `select count(j.*) from waitlists w cross join lateral (
         select array_fill(w.id, array[count(p.n)::integer]) as ids, array_agg(p.email order by p.n) as emails,
                array_agg(clock_timestamp() - make_interval(secs => ($4 - p.n) * 50) order by p.n) as times,
                array_agg('System'::text) as actors, array_agg(null::text) as nothing
         from (
           select n, (array['ada', 'alan', 'barbara', 'donald', 'frances', 'grace', 'hedy', 'katherine'])[n % 8 + 1] || '.' || n
                     || case when n % ($4 / 50) = 0 and n / ($4 / 50) <= 50 then '.${needleOfFifty}' else '' end
                     || '@example.com' as email
           from generate_series($2::bigint, $3::bigint) n
         ) p
       ) joining, join_waitlists(w.organisation_id, ids, emails, emails, nothing, times, 'system', nothing, actors, nothing, nothing, nothing, false) j
       where w.id = $1`,
      [waitlistId, from, through, people],
    )
    await client.query('commit')
    // Plans made for an empty table are poor ones; autovacuum, too, would have come after the first minute.
    if (from === 1) await client.query('analyze')
  }
}

/**
 * Moves people as a referral each would, spread evenly, so that every page has some; the product's triggers count them. A few
 * at a time: a count that one transaction changes a million times takes longer each time.
 */
async function move(
  client: Client,
  waitlistId: string,
  { people, moved }: Pick<BenchOptions, 'people' | 'moved'>,
): Promise<void> {
  for (let from = 1; from <= people; from += batchRows) {
    await client.query(
      `update subscribers s set priority_score = w.skip_amount, referral_count = 1 from waitlists w
       where w.id = $1 and s.organisation_id = w.organisation_id and s.waitlist_id = w.id
         and s.join_number between $4::bigint and $5::bigint
         and s.join_number * $2::bigint / $3::bigint > (s.join_number - 1) * $2::bigint / $3::bigint`,
      [waitlistId, moved, people, from, from + batchRows - 1],
    )
  }
  const { rows } = await client.query<{ moved: string }>('select moved from waitlist_counters where waitlist_id = $1', [
    waitlistId,
  ])
  if (Number(rows[0]?.moved) !== moved) throw new Error(`${rows[0]?.moved} people were moved, not ${moved}`)
}

/** The columns, checks and indexes of `subscribers`, with the same rows in it, and nothing else: no counts, no log, no wall. */
async function makeBaselineTable(client: Client, { waitlists }: RunningProduct): Promise<void> {
  const columns = `organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, added_at,
    priority_score, referral_count, referral_code, referred_by`
  await client.query(`
    create schema bench_beside;
    create table bench_beside.subscribers (like subscribers including all);
    insert into bench_beside.subscribers (${columns}) select ${columns} from subscribers order by waitlist_id, join_number;
    create sequence bench_beside.numbers cache 1`)
  await client.query(
    `select setval('bench_beside.numbers', (select max(id) from subscribers where organisation_id = w.organisation_id))
     from waitlists w where w.id = $1`,
    [waitlists.plain],
  )
}
