import { type CommandResult, systemContext, toTable } from '../../platform/cli/run-command.ts'
import type { Context } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'
import { listOrganisations } from '../organisations/list-organisations.ts'
import { contextOf } from '../organisations/organisations.cli.ts'
import { getChainHead, readChainHead } from './chain-head.ts'
import { type Verification, verifyActivities } from './verify-activities.ts'
import { verifyActivityFile } from './verify-activity-file.ts'

export async function activityHeads(services: Services, { org }: { org?: string }): Promise<CommandResult> {
  const contexts =
    org === undefined
      ? (await listOrganisations(services)).map((organisation) => systemContext(services, organisation))
      : [await contextOf(services, org)]
  const items: { org: string; organisation_id: string; number: number; hash: string }[] = []
  for (const ctx of contexts) {
    const { id, slug } = ctx.organisation
    items.push({ org: slug, organisation_id: id, ...(await getChainHead(ctx)) })
  }
  return {
    json: { items },
    text: toTable(
      items.map(({ org, number, hash }) => ({ org, head: `${number}:${hash}` })),
      'There are no organisations.',
    ),
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
