import { type Config, ConfigError } from '../config.ts'
import { findCluster } from '../db/embedded/cluster-place.ts'

/**
 * A command that asks or changes something needs data to do so: in another folder than the server's it would show an empty
 * product. One that `begins` may make the database, and says that it does.
 * @throws ConfigError where there are no data; nothing was made then.
 */
export function requireData(
  { dataDir, databaseUrl }: Config,
  { begins, isQuiet = false }: { begins: boolean; isQuiet?: boolean },
): void {
  if (databaseUrl !== undefined || findCluster(dataDir) !== undefined) return
  if (!begins)
    throw new ConfigError(
      `There is no QueueUp database in ${dataDir}. Set DATA_DIR to the data directory of your server, or start the server there first.`,
    )
  if (!isQuiet) process.stderr.write(`A new, empty database is made in ${dataDir}.\n`)
}
