import { type CommandResult, toTable } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { createWaitlist } from './create-waitlist.ts'
import { listWaitlists } from './list-waitlists.ts'

export async function waitlistCreate(ctx: Context, options: { name: string }): Promise<CommandResult> {
  const { id, name } = await createWaitlist(ctx, { name: options.name })
  return { json: { waitlist_id: id, name }, text: `Made the waitlist ${name}: ${id}` }
}

export async function waitlistList(ctx: Context): Promise<CommandResult> {
  const waitlists = await listWaitlists(ctx)
  const items = waitlists.map(({ id, name, subscriber_count, archived_at, created_at }) => ({
    id,
    name,
    subscriber_count,
    archived_at,
    created_at,
  }))
  return {
    json: { items },
    text: toTable(
      items.map(({ id, name, subscriber_count }) => ({ id, name, subscriber_count })),
      'There are no waitlists.',
    ),
  }
}
