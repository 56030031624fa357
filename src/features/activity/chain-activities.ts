import { sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'

const batch = 1_000
const organisationsAtOnce = 500
/** Logs that were told to have a hole: once a process is enough. */
const told = new Set<string>()

/**
 * Gives the rows of every log that have none yet their hashes, in order, each once: a batch is a transaction of its own, and
 * whoever comes second waits for it and goes on from there. Those who write to the log wait for nothing. Runs as the
 * tables' owner; may be broken off anywhere.
 */
export async function chainActivities(services: Services): Promise<void> {
  for (let after = ''; ; ) {
    const organisations = await findUnchained(services, after)
    for (const { id } of organisations) {
      let chained = batch
      while (chained === batch && !services.stopping?.aborted) chained = await chainBatch(services, id)
    }
    if (services.stopping?.aborted || organisations.length < organisationsAtOnce) return
    after = organisations.at(-1)?.id ?? after
  }
}

async function findUnchained({ db }: Services, after: string): Promise<{ id: string }[]> {
  const { rows } = await sql<{ id: string }>`
    select counter.organisation_id as id from organisation_counters counter
      left join activity_chains chain on chain.organisation_id = counter.organisation_id
    where counter.organisation_id > ${after} and counter.last_activity_number > coalesce(chain.last_number, 0)
    order by counter.organisation_id limit ${organisationsAtOnce}`.execute(db.kysely)
  return rows
}

async function chainBatch({ db, log }: Services, organisation: string): Promise<number> {
  try {
    const { rows } = await sql<{
      chained: number
    }>`select chain_activities(${organisation}, ${batch}) as chained`.execute(db.kysely)
    const chained = rows[0]?.chained ?? 0
    if (chained === 0 && !told.has(organisation) && (await hasHole(db, organisation))) {
      told.add(organisation)
      log.error({ organisation }, 'a row of an activity log is missing: "queueup activity verify" tells which')
    }
    return chained
  } catch (error) {
    // The others' logs do not wait for what is wrong with this one.
    log.error({ err: error, organisation }, 'could not chain an activity log; it is tried again')
    return 0
  }
}

async function hasHole(db: Services['db'], organisation: string): Promise<boolean> {
  const { rows } = await sql<{ hole: boolean }>`
    select counter.last_activity_number > chain.last_number and not exists (
      select from activities where organisation_id = ${organisation} and number = chain.last_number + 1) as hole
    from organisation_counters counter join activity_chains chain on chain.organisation_id = counter.organisation_id
    where counter.organisation_id = ${organisation}`.execute(db.kysely)
  return rows[0]?.hole ?? false
}

/** Chains the newest rows of an organisation now, unless the job is very far behind. */
export async function chainOwnActivities({ db, organisation }: Context): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const { rows } = await sql<{ chained: number }>`select chain_own_activities(${batch}) as chained
      from set_config('app.organisation_id', ${organisation.id}, true)`.execute(db.kysely)
    if ((rows[0]?.chained ?? 0) < batch) return
  }
}
