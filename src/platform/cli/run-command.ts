import { once } from 'node:events'
import { ConfigError } from '../config.ts'
import type { Context, Organisation } from '../context.ts'
import { asUnavailable } from '../db/connection-failure.ts'
import { MigrationError } from '../db/migrate.ts'
import { AppError } from '../errors.ts'
import { hideSecrets } from '../log/hide-secrets.ts'
import type { Services } from '../services.ts'
import { type CommandList, printList } from './command-list.ts'
import { type Inspection, withInspection } from './with-inspection.ts'
import { withServices } from './with-services.ts'

/** What a command answers: the object for `--json`, and the words for people. */
export interface CommandResult {
  json: unknown
  text: string
  /** What was checked is not as it should be: printed like any answer, with exit code 1. */
  failed?: boolean
  /** Another code to end with than 0. */
  exitCode?: number
}

/** Runs a command and prints its answer. Errors go to stderr, with exit code 1. */
export async function runCommand(
  asJson: boolean,
  work: (services: Services) => Promise<CommandResult>,
  options?: { begins?: boolean },
): Promise<void> {
  await printingErrors(() => withServices(async (services) => print(asJson, await work(services)), options))
}

/** The same for a command that is told a secret, which is read before anything is started. */
export async function runWithSecret(
  asJson: boolean,
  read: () => Promise<string | undefined>,
  work: (services: Services, secret: string | undefined) => Promise<CommandResult>,
  options?: { begins?: boolean },
): Promise<void> {
  await printingErrors(async () => {
    const secret = await read()
    await withServices(async (services) => print(asJson, await work(services, secret)), options)
  })
}

/** The same for a command that looks at the database as it is. */
export async function runInspection(
  asJson: boolean,
  work: (inspection: Inspection) => Promise<CommandResult>,
): Promise<void> {
  await printingErrors(async () => print(asJson, await withInspection(work)))
}

/** The same for a command that needs neither the database nor any setting. */
export async function runOffline(asJson: boolean, work: () => Promise<CommandResult>): Promise<void> {
  await printingErrors(async () => print(asJson, await work()))
}

/** The same for a command that answers a list. */
export async function runList(
  asJson: boolean,
  work: (services: Services) => CommandList | Promise<CommandList>,
): Promise<void> {
  await runExport(async (services) => writeToStdout(services, printList(await work(services), asJson)))
}

/** Runs a command that writes to stdout by itself. */
export async function runExport(work: (services: Services) => Promise<void>): Promise<void> {
  await printingErrors(() => withServices(work))
}

function print(asJson: boolean, { json, text, failed, exitCode }: CommandResult): void {
  process.stdout.write(`${asJson ? JSON.stringify(json) : text}\n`)
  if (failed || exitCode) process.exitCode = exitCode ?? 1
}

async function printingErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (thrown) {
    const error = asUnavailable(thrown)
    const foreseen = error instanceof AppError || error instanceof ConfigError || error instanceof MigrationError
    const text = foreseen ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`${foreseen ? text : hideSecrets(text)}\n`)
    process.exitCode = 1
  }
}

/** Writes a file to stdout piece by piece, no faster than it is read. */
export async function writeToStdout({ stopping }: Services, pieces: AsyncIterable<string>): Promise<void> {
  for await (const piece of pieces) {
    if (!process.stdout.write(piece)) await once(process.stdout, 'drain', { signal: stopping })
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
