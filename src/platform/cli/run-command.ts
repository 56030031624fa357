import { ConfigError, readConfig } from '../config.ts'
import type { Context, Organisation } from '../context.ts'
import { MigrationError } from '../db/migrate.ts'
import { openDatabase } from '../db/open-database.ts'
import { prepareDatabase } from '../db/prepare-database.ts'
import { AppError } from '../errors.ts'
import { makeMailer } from '../mail/make-mailer.ts'
import { loadSecrets } from '../process/load-secret-key.ts'
import { makeLog, makeServices } from '../process/make-services.ts'
import type { Services } from '../services.ts'

/** What a command answers: the object for `--json`, and the words for people. */
export interface CommandResult {
  json: unknown
  text: string
}

/** Runs a command and prints its answer. Errors go to stderr, with exit code 1. */
export async function runCommand(asJson: boolean, work: (services: Services) => Promise<CommandResult>): Promise<void> {
  await runExport(async (services) => {
    const { json, text } = await work(services)
    process.stdout.write(`${asJson ? JSON.stringify(json) : text}\n`)
  })
}

/** Runs a command that writes to stdout by itself. */
export async function runExport(work: (services: Services) => Promise<void>): Promise<void> {
  try {
    await withServices(work)
  } catch (error) {
    const foreseen = error instanceof AppError || error instanceof ConfigError || error instanceof MigrationError
    process.stderr.write(`${foreseen ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
  }
}

/** The services of a command, whether the server runs or not: the embedded database is stopped again unless a server needs it. */
export async function withServices<T>(work: (services: Services) => Promise<T>): Promise<T> {
  const { config, secrets: given } = readConfig()
  const log = makeLog(config.logLevel === 'info' ? 'error' : config.logLevel, 'stderr')
  const secrets = loadSecrets(config.dataDir, given)
  const database = await prepareDatabase(config, secrets, log, 'command')
  const db = openDatabase({ url: database.url, role: database.roles.app, maxConnections: 4, log })
  const { services, close } = makeServices({ config, secrets, db, mailer: makeMailer(config), log })
  try {
    return await work(services)
  } finally {
    await close()
    await database.stop()
  }
}

/** The context of a command: the system acts, and the log says so. */
export function systemContext(services: Services, organisation: Organisation): Context {
  return {
    ...services,
    organisation,
    actor: { type: 'system', id: null, name: 'System' },
    requestId: null,
    ip: null,
    userAgent: 'queueup command line',
  }
}

/** Rows as columns of text. */
export function toTable(rows: readonly Record<string, unknown>[], empty: string): string {
  const [first] = rows
  if (!first) return empty
  const names = Object.keys(first)
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? '')))]
  const widths = names.map((_, column) => Math.max(...cells.map((line) => [...(line[column] ?? '')].length)))
  return cells
    .map((line) =>
      line
        .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
