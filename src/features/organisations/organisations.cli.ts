import type { CommandList, ListedRow } from '../../platform/cli/command-list.ts'
import { type CommandResult, systemContext } from '../../platform/cli/run-command.ts'
import type { Context, Role } from '../../platform/context.ts'
import { readAllPages } from '../../platform/db/seek.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import type { Services } from '../../platform/services.ts'
import { personEmailSchema } from '../accounts/create-person.ts'
import { setPlan } from '../plans/set-plan.ts'
import { addMember } from './add-member.ts'
import { findOrganisationBySlug, listOrganisations } from './list-organisations.ts'
import { findMember, removeMember } from './members.ts'
import { setUpOrganisation } from './set-up-organisation.ts'

/** The organisation that a command names. @throws AppError `not_found`. */
export async function contextOf(services: Services, slug: string): Promise<Context> {
  const organisation = await findOrganisationBySlug(services, slug)
  if (!organisation)
    throw new AppError('not_found', `There is no organisation with the slug ${slug}. "queueup org list" shows them.`)
  return systemContext(services, organisation)
}

export async function orgCreate(
  services: Services,
  options: { name: string; ownerEmail: string; ownerPassword?: string; plan?: string },
): Promise<CommandResult> {
  const { id, slug, ownerEmail, ownerPassword } = await setUpOrganisation(services, options)
  return {
    json: { organisation_id: id, slug, owner_email: ownerEmail, owner_password: ownerPassword },
    text: `Made ${slug} (${id}). Its owner is ${ownerEmail}${passwordInWords(ownerPassword, options.ownerPassword)}`,
  }
}

/** One that was given is not repeated: it may have been typed where nobody sees it. */
function passwordInWords(password: string | null, given: string | undefined): string {
  if (password === null) return ', who had an account already.'
  return given === undefined ? `, password ${password}` : ', with the password that was given.'
}

/** Every organisation here, the oldest first. */
export function orgList(services: Services): CommandList {
  return { pages: listedOrganisations(services), empty: 'There are no organisations.' }
}

async function* listedOrganisations(services: Services): AsyncGenerator<ListedRow[]> {
  for await (const page of readAllPages((asked) => listOrganisations(services, asked)))
    yield page.map((organisation) => ({ json: organisation, columns: { ...organisation } }))
}

export async function orgSetPlan(services: Services, options: { org: string; plan: string }): Promise<CommandResult> {
  const { before, after } = await setPlan(await contextOf(services, options.org), options.plan)
  const until = services.config.stripe ? ' It holds until the subscription changes at Stripe.' : ''
  return {
    json: { slug: options.org, plan: after, previous_plan: before },
    text: before === after ? `${options.org} is on ${after} already.` : `${options.org} is on ${after} now.${until}`,
  }
}

export async function memberAdd(
  services: Services,
  options: { org: string; email: string; password?: string; role: string },
): Promise<CommandResult> {
  if (!['owner', 'admin', 'member'].includes(options.role))
    throw new AppError('validation_failed', 'Choose the role owner, admin or member.')
  const ctx = await contextOf(services, options.org)
  const { id, email, password, role } = await addMember(ctx, { ...options, role: options.role as Role })
  return {
    json: { user_id: id, email, role, password },
    text: `${email} is ${role} of ${options.org}${passwordInWords(password, options.password)}`,
  }
}

export async function memberRemove(
  services: Services,
  options: { org: string; email: string },
): Promise<CommandResult> {
  const ctx = await contextOf(services, options.org)
  const member = await findMember(ctx, { email: parseInput(personEmailSchema, options.email) })
  if (!member) throw new AppError('not_found', `${options.email} is no member of ${options.org}.`)
  await removeMember(ctx, member.user_id)
  return { json: { email: member.email, removed: true }, text: `${member.email} is removed, and is out at once.` }
}
