import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import type { GrowthWatch } from './db/growth-watch.ts'
import type { Mailer } from './mail/mailer.ts'
import type { FairQueue } from './process/fair-queue.ts'
import type { Secrets } from './secrets.ts'

/** Made once for a process, replaced piece by piece in tests. */
export interface Services {
  config: Config
  secrets: Secrets
  /** The application's role: it cannot change a log row, a key's permissions or another tenant's anything. */
  db: Database
  growth: GrowthWatch
  /** The turns of searches, through keys and on pages. */
  searches: FairQueue
  mailer: Mailer
  log: Logger
  now: () => Date
  /** Aborted when a command, or the server whose job this is, is told to stop: long work breaks off between two batches, and keeps what it has done. */
  stopping?: AbortSignal
  /** Runs before the database closes, in reverse order of registration: flush what is still in memory. */
  onClose(hook: () => Promise<void>): void
}
