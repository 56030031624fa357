import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { ConfigError } from '../config.ts'

const lock = "hashtext('queueup server')"
const attempts = 50

/**
 * Makes this process the only server of an embedded database, for as long as it lives. A connection that breaks because the
 * database was started again is made anew.
 * @throws ConfigError when another server has it.
 */
export async function acquireServerLock(
  url: string,
  dataDir: string,
  log: Logger,
): Promise<{ release(): Promise<void> }> {
  let client: pg.Client | undefined
  let released = false
  const take = async (): Promise<boolean> => {
    client = new pg.Client({ connectionString: url, keepAlive: true, application_name: 'queueup server lock' })
    client.on('error', () => undefined)
    client.once('end', () => void retake())
    await client.connect()
    const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${lock}) as taken`)
    if (rows[0]?.taken) return true
    client.removeAllListeners('end')
    await client.end()
    return false
  }
  const retake = async () => {
    while (!released) {
      await sleep(500)
      if (released) return
      const taken = await take().catch(() => false)
      if (taken) return
      log.warn('waiting for the database, to be its only server again')
    }
  }
  // The last server's lock goes when the database notices that its socket is gone.
  for (let attempt = 1; !(await take()); attempt++) {
    if (attempt >= attempts) {
      throw new ConfigError(
        `Another QueueUp server is running on ${dataDir}. Stop it first, or give this one a DATA_DIR of its own.`,
      )
    }
    await sleep(100)
  }
  return {
    async release() {
      released = true
      await client?.end().catch(() => undefined)
    },
  }
}

/** Whether a server has the embedded database, so that the command line leaves it running. */
export async function isServerRunning(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ taken: boolean }>(`select pg_try_advisory_lock(${lock}) as taken`)
    return !rows[0]?.taken
  } finally {
    await client.end()
  }
}
