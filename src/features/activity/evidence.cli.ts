import type { CommandList, ListedRow } from '../../platform/cli/command-list.ts'
import { type CommandResult, systemContext } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import { readAllPages } from '../../platform/db/seek.ts'
import type { Services } from '../../platform/services.ts'
import { listOrganisations } from '../organisations/list-organisations.ts'
import { contextOf } from '../organisations/organisations.cli.ts'
import { getChainHead, readChainHead } from './chain-head.ts'
import { type Verification, verifyActivities } from './verify-activities.ts'
import { verifyActivityFile } from './verify-activity-file.ts'

/** The head of one log, or of each. */
export function activityHeads(services: Services, { org }: { org?: string }): CommandList {
  return { pages: listedHeads(services, org), empty: 'There are no organisations.' }
}

async function* listedHeads(services: Services, org: string | undefined): AsyncGenerator<ListedRow[]> {
  const contexts =
    org === undefined
      ? readAllPages((asked) => listOrganisations(services, asked), 100)
      : [[(await contextOf(services, org)).organisation]]
  for await (const organisations of contexts) {
    const page: ListedRow[] = []
    for (const organisation of organisations) {
      const head = await getChainHead(systemContext(services, organisation))
      page.push({
        json: { org: organisation.slug, organisation_id: organisation.id, ...head },
        columns: { org: organisation.slug, head: `${head.number}:${head.hash}` },
      })
    }
    yield page
  }
}

export async function activityVerify(ctx: Context, { head }: { head?: string }): Promise<CommandResult> {
  const known = head === undefined ? undefined : readChainHead(head)
  return tell(`The log of ${ctx.organisation.slug}`, await verifyActivities(ctx, known))
}

export async function activityVerifyFile(options: {
  file: string
  head?: string
  filtered?: boolean
}): Promise<CommandResult> {
  const known = options.head === undefined ? undefined : readChainHead(options.head)
  const { file, filtered = false } = options
  return tell(file, await verifyActivityFile(file, { known, filtered }))
}

function tell(what: string, found: Verification): CommandResult {
  const { problem, first, last, head, unchained } = found
  if (problem)
    return { json: { ok: false, ...found }, text: `${what}: row ${problem.number} ${problem.what}.`, failed: true }
  if (last < first || last === 0) return { json: { ok: true, ...found }, text: `${what} has no rows.` }
  const newest = unchained > 0 ? ` The newest ${unchained} have no hash yet.` : ''
  return {
    json: { ok: true, ...found },
    text: `${what} is whole, rows ${first} to ${last}.${newest} Its head is ${head.number}:${head.hash}`,
  }
}
