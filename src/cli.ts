#!/usr/bin/env node
import { Command, InvalidArgumentError, Option } from 'commander'
import { createApp } from './app.tsx'
import { demo } from './demo.ts'
import { passwordReset, twoFactorOff } from './features/accounts/accounts.cli.ts'
import { activityExport, activityList } from './features/activity/activity.cli.ts'
import { activityHeads, activityVerify, activityVerifyFile } from './features/activity/evidence.cli.ts'
import { exportFormats } from './features/activity/export-activities.ts'
import { keyCreate, keyList, keyRevoke } from './features/api-keys/api-keys.cli.ts'
import { scopeNames } from './features/api-keys/scopes.ts'
import { backup, restore } from './features/backup/backup.cli.ts'
import { doctor } from './features/doctor/doctor.cli.ts'
import { type ColumnMap, parseColumnMap } from './features/imports/column-map.ts'
import { delimiters, findDelimiter } from './features/imports/guess-reading.ts'
import {
  contextOf,
  memberAdd,
  memberRemove,
  orgCreate,
  orgList,
  orgSetPlan,
} from './features/organisations/organisations.cli.ts'
import { planNames } from './features/plans/plan-rules.ts'
import { subscribersExport, subscribersImport } from './features/subscribers/subscribers.cli.ts'
import { waitlistCreate, waitlistList } from './features/waitlists/waitlists.cli.ts'
import type { CommandList } from './platform/cli/command-list.ts'
import { readSecret } from './platform/cli/read-secret.ts'
import {
  type CommandResult,
  runCommand,
  runExport,
  runInspection,
  runList,
  runOffline,
  runWithSecret,
} from './platform/cli/run-command.ts'
import { readConfig } from './platform/config.ts'
import type { Context } from './platform/context.ts'
import { failStart } from './platform/process/fail-start.ts'
import { runServer } from './platform/process/run-server.ts'
import type { Services } from './platform/services.ts'
import { startWorker } from './worker.ts'

/** Every command, on one page. */
const program = new Command('queueup')
  .description('Runs and administers QueueUp.')
  .option('--json', 'one JSON object on stdout')
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))

const run = (work: (services: Services) => Promise<CommandResult>) => runCommand(Boolean(program.opts().json), work)
const within = (org: string, work: (ctx: Context) => Promise<CommandResult>) =>
  run(async (services) => work(await contextOf(services, org)))
const withSecret = (
  option: string,
  given: string | true | undefined,
  work: (services: Services, secret: string | undefined) => Promise<CommandResult>,
  options?: { begins?: boolean },
) => runWithSecret(Boolean(program.opts().json), () => readSecret(option, given), work, options)
const list = (work: (services: Services) => CommandList | Promise<CommandList>) =>
  runList(Boolean(program.opts().json), work)
const listWithin = (org: string, work: (ctx: Context) => CommandList) =>
  list(async (services) => work(await contextOf(services, org)))
const addWords = (value: string, all: string[]) => [...all, ...value.split(',')]
const addColumns = (value: string, all: ColumnMap): ColumnMap => ({ ...all, ...orUsage(() => parseColumnMap(value)) })
const readNumber = (value: string) => {
  if (!/^\d{1,3}$/.test(value)) throw new InvalidArgumentError('Give a number from 0 to 999.')
  return Number(value)
}
const collect = (value: string, all: string[]) => [...all, value]

/** What is wrong with the value of an option is wrong usage. */
function orUsage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}

/** `--json` is taken before and after the command's name. */
function command(parent: Command, nameAndArguments: string, description: string): Command {
  return parent
    .command(nameAndArguments)
    .description(description)
    .option('--json', 'one JSON object on stdout')
    .hook('preAction', (_, action) => {
      if (action.opts().json) program.setOptionValue('json', true)
    })
}

const org = program.command('org').description('organisations')
command(org, 'create', 'make an organisation and its owner')
  .requiredOption('--name <name>')
  .requiredOption('--owner-email <email>')
  .option('--owner-password [password]', 'asked for where it has no value, or read from standard input')
  .addOption(new Option('--plan <plan>').choices(planNames))
  .action(({ ownerPassword, ...options }) =>
    withSecret(
      '--owner-password',
      ownerPassword,
      (services, ownerPassword) => orgCreate(services, { ...options, ownerPassword }),
      { begins: true },
    ),
  )
command(org, 'list', 'list organisations').action(() => list(orgList))
command(org, 'set-plan', 'change the plan')
  .requiredOption('--org <slug>')
  .addOption(new Option('--plan <plan>').choices(planNames).makeOptionMandatory())
  .action((options) => run((services) => orgSetPlan(services, options)))

const member = program.command('member').description('members')
command(member, 'add', 'add a person to an organisation')
  .requiredOption('--org <slug>')
  .requiredOption('--email <email>')
  .option('--password [password]', 'asked for where it has no value, or read from standard input')
  .addOption(new Option('--role <role>').choices(['owner', 'admin', 'member']).makeOptionMandatory())
  .action(({ password, ...options }) =>
    withSecret('--password', password, (services, password) => memberAdd(services, { ...options, password })),
  )
command(member, 'remove', 'remove a member, at once')
  .requiredOption('--org <slug>')
  .requiredOption('--email <email>')
  .action((options) => run((services) => memberRemove(services, options)))

const password = program.command('password').description('passwords')
command(password, 'reset', 'print a one-time link to choose a new password')
  .requiredOption('--email <email>')
  .action((options) => run((services) => passwordReset(services, options)))

const twoFactor = program.command('two-factor').description('two-factor sign-in')
command(twoFactor, 'off', 'turn it off for somebody who has lost app and recovery codes')
  .requiredOption('--email <email>')
  .action((options) => run((services) => twoFactorOff(services, options)))

const waitlist = program.command('waitlist').description('waitlists')
command(waitlist, 'create', 'make a waitlist')
  .requiredOption('--org <slug>')
  .requiredOption('--name <name>')
  .action((options) => within(options.org, (ctx) => waitlistCreate(ctx, options)))
command(waitlist, 'list', 'list waitlists')
  .requiredOption('--org <slug>')
  .action((options) => listWithin(options.org, waitlistList))

const key = program.command('key').description('API keys')
command(key, 'create', 'mint a key; this is the only time it is printed')
  .requiredOption('--org <slug>')
  .requiredOption('--name <name>')
  .addOption(
    new Option('--scope <scope>', `${scopeNames.join(' or ')}; may be repeated`)
      .argParser(collect)
      .default([], 'none')
      .makeOptionMandatory(),
  )
  .action((options) => within(options.org, (ctx) => keyCreate(ctx, options)))
command(key, 'list', 'list keys')
  .requiredOption('--org <slug>')
  .action((options) => listWithin(options.org, keyList))
command(key, 'revoke <id>', 'revoke a key, at once and for good')
  .requiredOption('--org <slug>')
  .action((id, options) => within(options.org, (ctx) => keyRevoke(ctx, id)))

const subscribers = program.command('subscribers').description('subscribers')
command(subscribers, 'import <file>', 'add everybody of a CSV file; its columns are guessed')
  .requiredOption('--org <slug>')
  .requiredOption('--waitlist <id>')
  .option('--map <columns>', 'as email=COLUMN,joined_at=none: columns by name or number', addColumns, {})
  .option('--include-status <words>', 'add rows whose state is one of these words too', addWords, [])
  .addOption(new Option('--date-order <order>', 'what comes first in 3/4/2026').choices(['day', 'month']))
  .addOption(new Option('--delimiter <name>').choices(Object.values(delimiters)))
  .option('--lead-rows <number>', 'rows above the names of the columns', readNumber)
  .option('--results <file>', 'write refused rows and the reasons as CSV')
  .action((file, { delimiter, ...options }) =>
    within(options.org, (ctx) => subscribersImport(ctx, { ...options, file, delimiter: findDelimiter(delimiter) })),
  )
command(subscribers, 'export', 'write everybody to stdout as CSV')
  .requiredOption('--org <slug>')
  .requiredOption('--waitlist <id>')
  .action((options) =>
    runExport(async (services) => subscribersExport(await contextOf(services, options.org), options)),
  )

const activity = program.command('activity').description('the Activity log')
command(activity, 'list', 'list what happened, newest first')
  .requiredOption('--org <slug>')
  .option('--limit <n>', 'how many', '50')
  .action((options) => listWithin(options.org, (ctx) => activityList(ctx, options)))
command(activity, 'export', 'write what happened to stdout, newest first')
  .requiredOption('--org <slug>')
  .addOption(new Option('--format <format>').choices(exportFormats).default('csv'))
  .option('--action <action>')
  .option('--actor <actor>', 'user:ID, api_key:ID, user, api_key, subscriber or system')
  .option('--only-api-keys')
  .option('--target <id>', 'what it was about')
  .option('--from <date>', 'YYYY-MM-DD')
  .option('--until <date>', 'YYYY-MM-DD, that day included')
  .action((options) => runExport(async (services) => activityExport(await contextOf(services, options.org), options)))
command(activity, 'heads', 'print the last row of each log and its hash, to be kept elsewhere')
  .option('--org <slug>', 'of this one alone')
  .action((options) => list((services) => activityHeads(services, options)))
command(
  activity,
  'verify',
  'follow the chain of a log, or of an exported file, and name the first row that is not as it was',
)
  .addOption(new Option('--org <slug>').conflicts('file'))
  .option('--file <file>', 'a JSON Lines export; needs no database')
  .option('--filtered', 'rows are left out of the file')
  .option('--head <head>', 'NUMBER:HASH, as "activity heads" printed it')
  .action((options) => {
    if (options.file) return runOffline(Boolean(program.opts().json), () => activityVerifyFile(options))
    if (!options.org) return program.error('error: activity verify needs --org or --file')
    return within(options.org, (ctx) => activityVerify(ctx, options))
  })

command(program, 'backup <file>', 'write everything in the embedded database to an encrypted file, while it runs')
  .option('--with-secret-key', 'put SECRET_KEY into the file too')
  .action((file, options) =>
    runInspection(Boolean(program.opts().json), (inspection) => backup(inspection, { ...options, file })),
  )
command(program, 'restore <file>', 'make an empty DATA_DIR what a backup says')
  .option('--unauthenticated', 'take a file of an older version, which nothing protects from changes')
  .action((file, options) => runOffline(Boolean(program.opts().json), () => restore({ ...options, file })))
command(program, 'doctor', 'check everything that must always hold, and say what is wrong').action(() =>
  runInspection(Boolean(program.opts().json), doctor),
)
program
  .command('migrate')
  .description('apply migrations and exit')
  .option('--json')
  .action(() =>
    runCommand(
      Boolean(program.opts().json),
      async () => ({ json: { migrated: true }, text: 'The database is current.' }),
      { begins: true },
    ),
  )
program
  .command('serve')
  .description('run the server')
  .action(() => runServer(readConfig(), { createApp, startWorker }).catch(failStart))
program
  .command('demo')
  .description('run the server with an organisation to look at')
  .action(() => demo({ createApp, startWorker }).catch(failStart))

await program.parseAsync()
