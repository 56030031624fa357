import { sql } from 'kysely'
import type { Services } from '../services.ts'

/** What to do with each kind of queued job. A handler may run twice for one job: after a crash in the middle. */
export type JobHandlers = Record<string, (services: Services, payload: unknown) => Promise<void>>

interface Claimed {
  id: number
  name: string
  payload: Buffer
  attempts: number
}

/** Of the jobs that wait, those with one of these names, or all but those. */
export type Lane = { only: readonly string[] } | { but: readonly string[] }

/** A job that nobody has finished by then is taken up by somebody else. */
const leaseSeconds = 120
/** With the pauses below: for about a day. */
const maxAttempts = 20

/**
 * Does the jobs of a lane that are due, one after the other, and answers how many there were. Any number of processes may do so at
 * once, and `isStopped` ends it between two. A job that fails comes again later, each time after a longer pause, and is given up in the end.
 */
export async function runDueJobs(
  services: Services,
  handlers: JobHandlers,
  isStopped: () => boolean = () => false,
  lane: Lane = { but: [] },
): Promise<number> {
  let done = 0
  while (!isStopped()) {
    const job = await claim(services, lane)
    if (!job) break
    await attempt(services, handlers, job)
    done += 1
  }
  return done
}

async function claim({ db }: Services, lane: Lane): Promise<Claimed | undefined> {
  const isMine = 'only' in lane ? sql`name = any (${lane.only})` : sql`name <> all (${lane.but})`
  const { rows } = await sql<Claimed>`
    update queued_jobs set attempts = attempts + 1, run_at = clock_timestamp() + ${leaseSeconds} * interval '1 second'
    where id = (select id from queued_jobs where run_at <= clock_timestamp() and ${isMine} order by run_at limit 1 for update skip locked)
    returning id, name, payload, attempts`.execute(db.kysely)
  return rows[0]
}

async function attempt(services: Services, handlers: JobHandlers, job: Claimed): Promise<void> {
  const { db, log, secrets } = services
  const finish = () => db.kysely.deleteFrom('queued_jobs').where('id', '=', job.id).execute()
  try {
    const handler = handlers[job.name]
    const payload = secrets.open('job', job.payload)
    if (!handler) throw new Error(`nobody knows how to do ${job.name}`)
    if (payload === undefined) throw new Error('the payload was sealed under another SECRET_KEY')
    await handler(services, JSON.parse(payload))
    await finish()
  } catch (error) {
    const givenUp = job.attempts >= maxAttempts
    log.error(
      { err: error, job: job.name, attempts: job.attempts },
      givenUp ? 'a queued job failed and is given up' : 'a queued job failed; it comes again',
    )
    if (givenUp) await finish()
    else {
      const pauseSeconds = Math.min(5 * 2 ** job.attempts, 7_200)
      await sql`update queued_jobs set run_at = clock_timestamp() + ${pauseSeconds} * interval '1 second'
        where id = ${job.id}`.execute(db.kysely)
    }
  }
}
