import type { CommandList, ListedRow } from '../../platform/cli/command-list.ts'
import type { CommandResult } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { readAllPages } from '../../platform/db/seek.ts'
import { createWaitlist } from './create-waitlist.ts'
import { listWaitlists } from './list-waitlists.ts'

export async function waitlistCreate(ctx: Context, options: { name: string }): Promise<CommandResult> {
  const { id, name } = await createWaitlist(ctx, { name: options.name })
  return { json: { waitlist_id: id, name }, text: `Made the waitlist ${name}: ${id}` }
}

/** Those in use, the newest first, then the archived ones. */
export function waitlistList(ctx: Context): CommandList {
  return { pages: listedWaitlists(ctx), empty: 'There are no waitlists.' }
}

async function* listedWaitlists(ctx: Context): AsyncGenerator<ListedRow[]> {
  for (const archived of [false, true])
    for await (const page of readAllPages((asked) => listWaitlists(ctx, { ...asked, archived, needle: '' })))
      yield page.map(({ id, name, subscriber_count, archived_at, created_at }) => ({
        json: { id, name, subscriber_count, archived_at, created_at },
        columns: { id, name, subscriber_count },
      }))
}
