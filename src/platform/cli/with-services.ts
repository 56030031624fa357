import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../config.ts'
import type { Database } from '../db/database.ts'
import { openDatabase } from '../db/open-database.ts'
import { prepareDatabase } from '../db/prepare-database.ts'
import { makeLog } from '../log/make-log.ts'
import { makeMailer } from '../mail/make-mailer.ts'
import { becomeOwner } from '../process/become-owner.ts'
import { loadSecrets } from '../process/load-secret-key.ts'
import { makeServices } from '../process/make-services.ts'
import { endBySignal, onStopSignal, type StopSignal } from '../process/on-stop-signal.ts'
import type { Services } from '../services.ts'
import { requireData } from './require-data.ts'

const graceMs = 5_000

/** Opens the database as the tables' owner, for as long as the work takes. */
type OpenTables = <T>(work: (tables: Database) => Promise<T>) => Promise<T>

/**
 * The services of a command, whether the server runs or not: the embedded database is stopped again unless a server needs
 * it. Told to stop by a signal, or by the end of whoever reads its output, the command breaks off what heeds
 * `services.stopping`, cleans up as ever, and the process ends here. Only a command that `begins` makes a database.
 */
export async function withServices<T>(
  work: (services: Services, tables: OpenTables) => Promise<T>,
  { begins = false }: { begins?: boolean } = {},
): Promise<T> {
  return heedingSignals((stopping) => runWithServices(stopping, work, begins))
}

/** Runs a command that a signal breaks off, as `withServices` does. */
export async function heedingSignals<T>(run: (stopping: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  let told: StopSignal | undefined
  const stop = (signal: StopSignal) => {
    told ??= signal
    stopping.abort()
  }
  const stopListening = onStopSignal(stop)
  process.stdout.once('error', () => stop('SIGPIPE'))
  try {
    return await run(stopping.signal)
  } finally {
    stopListening()
    if (told) endBySignal(told)
  }
}

async function runWithServices<T>(
  stopping: AbortSignal,
  work: (services: Services, tables: OpenTables) => Promise<T>,
  begins: boolean,
): Promise<T> {
  const { config, secrets: given } = readConfig()
  becomeOwner(config.dataDir)
  requireData(config, { begins })
  const log = makeLog(config.logLevel === 'info' ? 'error' : config.logLevel, 'stderr')
  const secrets = loadSecrets(config.dataDir, given)
  const database = await prepareDatabase(config, secrets, log, 'command', stopping)
  const db = openDatabase({ url: database.url, role: database.roles.app, maxConnections: 4, log })
  const { services, close } = makeServices({ config, secrets, db, mailer: makeMailer(config), log, stopping })
  try {
    stopping.throwIfAborted()
    const working = work(services, async (work) => {
      const tables = openDatabase({ url: database.url, role: database.roles.owner, maxConnections: 1, log })
      return work(tables).finally(() => tables.close())
    })
    return await Promise.race([working, rejectAfterGrace(stopping)])
  } finally {
    await close()
    await database.stop()
  }
}

/** Work that goes on after the word to stop is left to itself in the end. */
function rejectAfterGrace(stopping: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    stopping.addEventListener('abort', () => void sleep(graceMs).then(() => reject(stopping.reason)))
  })
}
