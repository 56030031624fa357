import { type Kysely, sql as raw } from 'kysely'
import type { Tables } from '../db/tables.ts'
import type { Secrets } from '../secrets.ts'
import type { QueueName } from './queues.ts'

/** How many jobs go to the database in one statement. */
const jobsAtOnce = 500

export interface JobOptions {
  name: string
  queue?: QueueName
  /** Jobs of one key take turns with those of other keys, however many they are. Stored as a keyed hash. */
  fairnessKey?: string
}

/**
 * Queues a job for each payload in the caller's transaction: it is done if and only if that commits, at least once, soon
 * afterwards; answers their ids. The payload must survive JSON; nobody but this product can read it while it waits.
 */
export async function enqueue(
  { sql, secrets }: { sql: Kysely<Tables>; secrets: Secrets },
  job: string | JobOptions,
  ...payloads: unknown[]
): Promise<number[]> {
  const { name, queue = 'general', fairnessKey = '' } = typeof job === 'string' ? { name: job } : job
  const fairness_key = toFairnessKey(secrets, fairnessKey)
  const sealed = payloads.map((payload) => secrets.seal('job', JSON.stringify(payload)))
  const ids: number[] = []
  for (let i = 0; i < sealed.length; i += jobsAtOnce) {
    // One look for the turn, from which those of one key are counted.
    const { rows } = await raw<{ id: number }>`
      insert into queued_jobs (name, queue, fairness_key, payload, turn)
      select ${name}, ${queue}, ${fairness_key}, given.payload, first.turn + given.number - 1
      from (select next_job_turn(${queue}, ${fairness_key}) as turn offset 0) first,
           unnest(${sealed.slice(i, i + jobsAtOnce)}::bytea[]) with ordinality given(payload, number)
      order by given.number
      returning id`.execute(sql)
    ids.push(...rows.map(({ id }) => id))
  }
  return ids
}

/** A key may name a user or a network: the table holds neither. */
export function toFairnessKey(secrets: Secrets, key: string): string {
  return key === '' ? '' : secrets.hash('token', `fairness ${key}`).toString('base64url').slice(0, 22)
}
