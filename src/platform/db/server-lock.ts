import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { ConfigError } from '../config.ts'

export interface Claim {
  release(): Promise<void>
}

const inUse = "hashtext('queueup in use')"
const beServer = `pg_try_advisory_lock(hashtext('queueup server')) and pg_try_advisory_lock_shared(${inUse})`
const beUser = `pg_try_advisory_lock_shared(${inUse})`
const beLast = `pg_try_advisory_lock(${inUse})`
const patienceMs = 8_000

/**
 * Makes this process the only server of an embedded database, for as long as it lives. A connection that breaks because the
 * database was started again is made anew.
 * @throws ConfigError when another server has it.
 */
export async function acquireServerLock(url: string, dataDir: string, log: Logger): Promise<Claim> {
  let client: pg.Client | undefined
  let released = false
  const keep = (session: pg.Client) => {
    client = session
    session.once('end', () => void retake())
  }
  const retake = async () => {
    while (!released) {
      await sleep(500)
      const session = released ? undefined : await openSession(url, beServer).catch(() => undefined)
      if (session && !released) return keep(session)
      await session?.end()
      if (!released) log.warn('waiting for the database, to be its only server again')
    }
  }
  // The last server's lock goes when the database notices that its socket is gone.
  const session = await openSessionPatiently(url, beServer)
  if (!session) {
    throw new ConfigError(
      `Another QueueUp server is running on ${dataDir}. Stop it first, or give this one a DATA_DIR of its own.`,
    )
  }
  keep(session)
  return {
    async release() {
      released = true
      await client?.end().catch(() => undefined)
    },
  }
}

/** Keeps others from stopping an embedded database while a command works with it. */
export async function acquireUse(url: string): Promise<Claim> {
  const session = await openSessionPatiently(url, beUser)
  if (!session) throw new ConfigError('The embedded database is being stopped. Try again in a moment.')
  return { release: () => session.end().catch(() => undefined) }
}

/** Runs `stop` unless a server or a command uses the embedded database; nobody can begin to meanwhile. Answers whether it ran. */
export async function stopUnlessUsed(url: string, stop: () => Promise<void>): Promise<boolean> {
  let session: pg.Client | undefined
  try {
    session = await openSession(url, beLast)
  } catch {
    // It does not answer: then nobody works with it either.
    await stop()
    return true
  }
  if (!session) return false
  await stop()
  void session.end().catch(() => undefined)
  return true
}

/** Waits out a claim that is about to go, and a database that is about to be back. */
async function openSessionPatiently(url: string, condition: string): Promise<pg.Client | undefined> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const isLate = () => performance.now() > untilMs
    try {
      const session = await openSession(url, condition)
      if (session || isLate()) return session
      await sleep(100)
    } catch (error) {
      if (isLate()) throw error
      await sleep(500)
    }
  }
}

/** A session that keeps the locks of `condition`; undefined where somebody else has them. */
async function openSession(url: string, condition: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: 'queueup lock',
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ taken: boolean }>(`select ${condition} as taken`)
    if (rows[0]?.taken) return client
  } catch (error) {
    void client.end().catch(() => undefined)
    throw error
  }
  await client.end()
  return undefined
}
