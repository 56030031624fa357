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
  const turn = raw<number>`next_job_turn(${queue}, ${fairness_key})`
  const jobs = payloads.map((payload) => ({
    ...{ name, queue, fairness_key, turn },
    payload: secrets.seal('job', JSON.stringify(payload)),
  }))
  const ids: number[] = []
  for (let i = 0; i < jobs.length; i += jobsAtOnce) {
    const inserted = await sql
      .insertInto('queued_jobs')
      .values(jobs.slice(i, i + jobsAtOnce))
      .returning('id')
      .execute()
    ids.push(...inserted.map(({ id }) => id))
  }
  return ids
}

/** A key may name a user or a network: the table holds neither. */
export function toFairnessKey(secrets: Secrets, key: string): string {
  return key === '' ? '' : secrets.hash('token', `fairness ${key}`).toString('base64url').slice(0, 22)
}
