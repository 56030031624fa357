import { vi } from 'vitest'
import { signUpToken } from '../../src/features/accounts/pending-sign-up.ts'
import { createApiKey } from '../../src/features/api-keys/create-api-key.ts'
import { listApiKeys } from '../../src/features/api-keys/list-api-keys.ts'
import { revokeApiKey } from '../../src/features/api-keys/revoke-api-key.ts'
import { inviteMember } from '../../src/features/organisations/invite-member.ts'
import { setPlan } from '../../src/features/plans/set-plan.ts'
import { addSubscriber } from '../../src/features/subscribers/add-subscriber.ts'
import { getSubscriber } from '../../src/features/subscribers/get-subscriber.ts'
import { archiveWaitlist } from '../../src/features/waitlists/archive-waitlist.ts'
import { createWaitlist } from '../../src/features/waitlists/create-waitlist.ts'
import { updateWaitlist } from '../../src/features/waitlists/update-waitlist.ts'
import { asApiKey, asUser } from '../as.ts'
import { makeMember, makeOrganisation, type TestOrganisation, type TestProduct } from '../make.ts'
import { mailedPath } from '../people.ts'
import { furnishImports } from './furnish-imports.ts'

/** What people can write that pages show. */
interface Words {
  keys: string[]
  waitlists: string[]
  description: string
  organisation: string
  person: string
  userAgent: string
  emails: string[]
}

interface Person {
  email: string
  password: string
}

export interface Place {
  organisation: TestOrganisation
  asleep: TestOrganisation
  empty: TestOrganisation
  /** Another one of the same owner. */
  deletedSlug: string
  member: Person
  /** Has an organisation, and nothing else yet. */
  guarded: TestOrganisation
  memberId: string
  waitlistId: string
  archivedId: string
  keyId: string
  invitation: string
  /** For the owner of the empty organisation. */
  invitationOfEmpty: string
  asleepArchivedId: string
  nobodyYetId: string
  /** The page of the first person on the waitlist. */
  status: string
  /** Paths below the organisation's. */
  imports: Awaited<ReturnType<typeof furnishImports>>
  /** The link that confirms a new e-mail address of the owner. */
  emailChange: string
  signUp: string
  /** Numbers of rows of the log: with changes, and by a key. */
  activities: number[]
}

/** An organisation in which every page has something to show, one whose keys are asleep, and one that has nothing yet. */
export async function furnish(product: TestProduct, words: Words): Promise<Place> {
  const organisation = await makeOrganisation(product, 'team')
  const { ctx, owner, slug } = organisation
  const user = await asUser(product, owner)
  const agent = { 'User-Agent': words.userAgent }
  await user.post('/account/name', { name: words.person }, agent)
  await user.post(`/o/${slug}/settings`, { name: words.organisation }, agent)

  const waitlists: string[] = []
  for (const name of words.waitlists) {
    const { location } = await user.post(`/o/${slug}/waitlists`, { name }, agent)
    waitlists.push(location?.split('/').at(-1) ?? '')
  }
  const [waitlistId = ''] = waitlists
  const setup = { name: words.waitlists[0], description: words.description, skip_amount: '5', referrals_enabled: 'on' }
  await updateWaitlist(ctx, waitlistId, setup)
  const archivedId = (await createWaitlist(ctx, { name: 'Over' })).id
  await archiveWaitlist(ctx, archivedId)

  const keys = []
  for (const name of words.keys) keys.push(await mint(ctx, name, ['subscribers:read', 'subscribers:write']))
  const [first, second] = [keys[0], await mint(ctx, 'gone', ['subscribers:read'])]
  for (const email of words.emails) {
    const answer = await asApiKey(product, first?.secret).post(`/waitlists/${waitlistId}/subscribers`, { email }, agent)
    if (answer.status !== 201) throw new Error(`${email}: ${answer.text}`)
  }
  for (const key of [second, keys.at(-1)]) await revokeApiKey(ctx, key?.id ?? '')
  await asApiKey(product, second.secret).get('/key', agent)
  // The attempt is written behind the answer.
  await vi.waitUntil(async () => (await listApiKeys(ctx, 'revoked', { limit: 1 })).stillTried > 0, {
    timeout: 20_000,
  })

  const member = await makeMember(product, organisation, 'member')
  await inviteMember(ctx, { email: words.emails[0] ?? '', role: 'admin' })
  const newEmail = `new-${owner.email}`
  await user.post('/account/email', { email: newEmail }, agent)
  const asleep = await makeOrganisation(product)
  await mint(asleep.ctx, 'crm-sync', ['subscribers:read'])
  await addSubscriber(asleep.ctx, (await createWaitlist(asleep.ctx, { name: 'Beta' })).id, { email: 'a@example.com' })
  const asleepArchivedId = (await createWaitlist(asleep.ctx, { name: 'Alpha' })).id
  await archiveWaitlist(asleep.ctx, asleepArchivedId)
  await setPlan(asleep.ctx, 'free')
  const [empty, guarded] = [await makeOrganisation(product), await makeOrganisation(product)]
  const nobodyYetId = (await createWaitlist(guarded.ctx, { name: 'Nobody yet' })).id
  await inviteMember(ctx, { email: empty.owner.email, role: 'member' })
  const founded = await user.post('/organisations/new', { name: words.organisation }, agent)
  const deletedSlug = founded.location?.split('/')[2] ?? ''
  await user.post(`/o/${deletedSlug}/settings/delete`, { confirmation: words.organisation }, agent)
  const activities = await product.database.owner.kysely
    .selectFrom('activities')
    .select((eb) => eb.fn.max<number>('number').as('number'))
    .where('organisation_id', '=', organisation.id)
    .where('action', 'in', ['api_key.created', 'subscriber.joined'])
    .groupBy('action')
    .execute()
  return {
    ...{ organisation, asleep, empty, guarded, deletedSlug, waitlistId, archivedId, member, memberId: member.id },
    ...{ asleepArchivedId, nobodyYetId },
    invitationOfEmpty: await mailedPath(product, empty.owner.email, 'invitations'),
    keyId: first?.id ?? '',
    emailChange: await mailedPath(product, newEmail, 'confirm-email'),
    signUp: `/confirm-sign-up/${signUpToken(product.services, 'somebody@example.com')}`,
    status: `/s/${(await getSubscriber(ctx, waitlistId, '1')).status_token}`,
    invitation: await mailedPath(product, words.emails[0] ?? '', 'invitations'),
    activities: activities.map(({ number }) => number),
    // Last, so that nobody does what it queues.
    imports: await furnishImports(product, ctx, words),
  }
}

async function mint(ctx: TestOrganisation['ctx'], name: string, scopes: string[]) {
  const key = await createApiKey(ctx, { name, scopes })
  if (!key.created) throw new Error('the key was made before')
  return key
}
