import { type CommandResult, systemContext, toTable } from '../../platform/cli/run-command.ts'
import type { Context, Role } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import {
  createPerson,
  findPerson,
  passwordSchema,
  personEmailSchema,
  preparePerson,
} from '../accounts/create-person.ts'
import { isPlan } from '../plans/plan-rules.ts'
import { setPlan } from '../plans/set-plan.ts'
import { addMember } from './add-member.ts'
import { createOrganisation, firstPlan } from './create-organisation.ts'
import { findOrganisationBySlug, listOrganisations } from './list-organisations.ts'
import { findMember, removeMember } from './members.ts'
import { organisationNameSchema } from './organisation-name.ts'

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
  const name = parseInput(organisationNameSchema, options.name)
  const email = parseInput(personEmailSchema, options.ownerEmail)
  const plan = options.plan ?? firstPlan(services)
  if (!isPlan(plan)) throw new AppError('validation_failed', `There is no plan ${plan}: choose free, pro or team.`)
  const known = await findPerson(services.db.kysely, email)
  const password = known ? undefined : (options.ownerPassword ?? randomBase62(16))
  const prepared = password === undefined ? undefined : await preparePerson(email, parseInput(passwordSchema, password))
  const organisation = await services.db.kysely.transaction().execute(async (transaction) => {
    const owner = known ?? (prepared ? await createPerson(transaction, prepared, true) : undefined)
    if (!owner) throw new Error('no owner')
    return createOrganisation(
      services,
      transaction,
      { name, plan, owner },
      { type: 'system', id: null, name: 'System' },
      undefined,
    )
  })
  return {
    json: {
      organisation_id: organisation.id,
      slug: organisation.slug,
      owner_email: email,
      owner_password: password ?? null,
    },
    text: `Made ${organisation.slug} (${organisation.id}). Its owner is ${email}${password === undefined ? ', who had an account already.' : `, password ${password}`}`,
  }
}

export async function orgList(services: Services): Promise<CommandResult> {
  const items = await listOrganisations(services)
  return {
    json: { items },
    text: toTable(
      items.map((item) => ({ ...item })),
      'There are no organisations.',
    ),
  }
}

export async function orgSetPlan(services: Services, options: { org: string; plan: string }): Promise<CommandResult> {
  const { before, after } = await setPlan(await contextOf(services, options.org), options.plan)
  return {
    json: { slug: options.org, plan: after, previous_plan: before },
    text: before === after ? `${options.org} is on ${after} already.` : `${options.org} is on ${after} now.`,
  }
}

export async function memberAdd(
  services: Services,
  options: { org: string; email: string; password?: string; role: string },
): Promise<CommandResult> {
  const ctx = await contextOf(services, options.org)
  if (!['owner', 'admin', 'member'].includes(options.role))
    throw new AppError('validation_failed', 'Choose the role owner, admin or member.')
  const email = parseInput(personEmailSchema, options.email)
  const known = await findPerson(services.db.kysely, email)
  const password = known ? undefined : (options.password ?? randomBase62(16))
  const person =
    known ??
    (await createPerson(services.db.kysely, await preparePerson(email, parseInput(passwordSchema, password)), true))
  await addMember(ctx, person, options.role as Role)
  return {
    json: { user_id: person.id, email, role: options.role, password: password ?? null },
    text: `${email} is ${options.role} of ${options.org}${password === undefined ? '.' : `, password ${password}`}`,
  }
}

export async function memberRemove(
  services: Services,
  options: { org: string; email: string },
): Promise<CommandResult> {
  const ctx = await contextOf(services, options.org)
  const member = await findMember(ctx, parseInput(personEmailSchema, options.email))
  if (!member) throw new AppError('not_found', `${options.email} is no member of ${options.org}.`)
  await removeMember(ctx, member.user_id)
  return { json: { email: member.email, removed: true }, text: `${member.email} is removed, and is out at once.` }
}
