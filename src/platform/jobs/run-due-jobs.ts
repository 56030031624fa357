import { sql } from 'kysely'
import type { Services } from '../services.ts'
import { type QueueName, queues } from './queues.ts'

/** What to do with each kind of queued job. A handler may run twice for one job: after a crash in the middle. */
export type JobHandlers = Record<string, (services: Services, payload: unknown) => Promise<void>>

interface Claimed {
  id: number
  name: string
  payload: Buffer
  attempts: number
}

/** A job whose process has not renewed its lease by then is claimed by another. */
const leaseSeconds = 120
const renewEveryMs = 30_000
/** Every other claim serves the oldest job that has been due for longer, whatever its fairness key. */
const overdueSeconds = 60
const claimJob = { name: 'claim_job', text: 'select id, name, payload, attempts from claim_job($1, $2, $3)' }
/** With the pauses below: for about a day. */
const maxAttempts = 20

/**
 * Does the jobs of a queue that are due, or of all queues, one after the other, and answers how many there were. Of those
 * that wait, the fairness key that was served longest ago has the next; every other claim serves the oldest that has waited for
 * more than a minute. Any number of processes may do so at once, and `isStopped` ends it between two. A job that fails comes again later, each time after a longer pause, and is given up in the end.
 */
export async function runDueJobs(
  services: Services,
  handlers: JobHandlers,
  isStopped: () => boolean = () => false,
  queue?: QueueName,
): Promise<number> {
  let done = 0
  const claims = new Map<QueueName, number>()
  while (!isStopped()) {
    const job = await claim(services, queue ? [queue] : queues, claims)
    if (!job) break
    await attempt(services, handlers, job)
    done += 1
  }
  return done
}

async function claim(
  { db }: Services,
  among: readonly QueueName[],
  claims: Map<QueueName, number>,
): Promise<Claimed | undefined> {
  for (const queue of among) {
    const before = claims.get(queue) ?? 0
    const [job] = await db.run<Claimed>(claimJob, [queue, leaseSeconds, before % 2 === 1 ? overdueSeconds : null])
    if (!job) continue
    claims.set(queue, before + 1)
    return job
  }
  return undefined
}

/** Keeps a job that takes longer than its lease from being claimed by another process; answers how to stop. */
function keepLease({ db, log }: Services, { id, name, attempts }: Claimed): () => void {
  const renew = () =>
    sql`update queued_jobs set leased_until = clock_timestamp() + ${leaseSeconds} * interval '1 second'
      where id = ${id} and attempts = ${attempts} and leased_until is not null`
      .execute(db.kysely)
      .catch((error: unknown) => log.error({ err: error, job: name }, 'could not renew the lease of a job'))
  const timer = setInterval(renew, renewEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}

async function attempt(services: Services, handlers: JobHandlers, job: Claimed): Promise<void> {
  const { db, log, secrets } = services
  const finish = () => db.kysely.deleteFrom('queued_jobs').where('id', '=', job.id)
  const stopRenewing = keepLease(services, job)
  try {
    const handler = handlers[job.name]
    const payload = secrets.open('job', job.payload)
    if (!handler) throw new Error(`nobody knows how to do ${job.name}`)
    if (payload === undefined) throw new Error('the payload was sealed under another SECRET_KEY')
    await handler(services, JSON.parse(payload))
    await finish().execute()
  } catch (error) {
    const givenUp = job.attempts >= maxAttempts
    log.error(
      { err: error, job: job.name, attempts: job.attempts },
      givenUp ? 'a queued job failed and is given up' : 'a queued job failed; it comes again',
    )
    // `attempts` grows with each claim: a process that lost its lease leaves the job to whoever claimed it since.
    if (givenUp) await finish().where('attempts', '=', job.attempts).execute()
    else {
      const pauseSeconds = Math.min(5 * 2 ** job.attempts, 7_200)
      await sql`update queued_jobs set turn = null, leased_until = null, run_at = clock_timestamp() + ${pauseSeconds} * interval '1 second'
        where id = ${job.id} and attempts = ${job.attempts}`.execute(db.kysely)
    }
  } finally {
    stopRenewing()
  }
}
