import { type CommandResult, writeToStdout } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { exportSubscribers } from './export-subscribers.ts'
import { type ImportOptions, importSubscribers } from './import-subscribers.ts'
import { RefusedRows } from './refused-rows.ts'

/** Nobody was added, and not because everybody was there: a script that imports wants to know. */
const nobodyAdded = 3

interface ImportCommand extends Omit<ImportOptions, 'begin' | 'refuse'> {
  waitlist: string
  file: string
  /** Where refused rows go, as CSV. */
  results?: string | undefined
}

export async function subscribersImport(ctx: Context, command: ImportCommand): Promise<CommandResult> {
  const { waitlist, file, results, ...options } = command
  const refused = new RefusedRows(results, (line) => process.stderr.write(`${line}\n`))
  try {
    const { confirmed, ...counts } = await importSubscribers(ctx, waitlist, file, {
      ...options,
      begin: (header) => refused.begin(header, file),
      refuse: (row) => refused.add(row),
    })
    counts.already_there += confirmed
    const wereAllThere = counts.already_there > 0 && counts.refused === 0
    const exitCode = counts.added + confirmed === 0 && !wereAllThere ? nobodyAdded : 0
    const text = `${counts.added} added, ${counts.already_there} already there, ${counts.refused} refused`
    return { json: counts, text, exitCode }
  } finally {
    await refused.end()
  }
}

/** The CSV goes to stdout; nothing else does. */
export async function subscribersExport(ctx: Context, options: { waitlist: string }): Promise<void> {
  const { csv } = await exportSubscribers(ctx, options.waitlist)
  await writeToStdout(ctx, csv)
}
