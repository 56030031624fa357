import { ConfigError } from '../config.ts'
import { MigrationError } from '../db/migrate.ts'
import { hideSecrets } from '../log/hide-secrets.ts'

/** Ends the process with one sentence for what its operator can mend, and with everything for what nobody foresaw. */
export function failStart(error: unknown): never {
  const foreseen = error instanceof ConfigError || error instanceof MigrationError
  const text = foreseen ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`QueueUp did not start: ${hideSecrets(text)}\n`)
  process.exit(1)
}
