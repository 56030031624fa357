import { type CommandResult, writeToStdout } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { exportSubscribers } from './export-subscribers.ts'
import { importSubscribers } from './import-subscribers.ts'

export async function subscribersImport(
  ctx: Context,
  options: { waitlist: string; file: string },
): Promise<CommandResult> {
  const { confirmed, ...counts } = await importSubscribers(ctx, options.waitlist, options.file)
  counts.already_there += confirmed
  return {
    json: counts,
    text: `${counts.added} added, ${counts.already_there} already there, ${counts.refused} refused`,
  }
}

/** The CSV goes to stdout; nothing else does. */
export async function subscribersExport(ctx: Context, options: { waitlist: string }): Promise<void> {
  const { csv } = await exportSubscribers(ctx, options.waitlist)
  await writeToStdout(ctx, csv)
}
