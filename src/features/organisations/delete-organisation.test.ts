import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestProduct,
} from '../../../test/make.ts'
import { log, mailedPath, mailsTo, textOf } from '../../../test/people.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import { addSubscriber } from '../subscribers/add-subscriber.ts'
import { inviteMember } from './invite-member.ts'
import { purgeOrganisations } from './purge-organisations.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const dayMs = 86_400_000

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const waitlist = await makeWaitlist(organisation)
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const path = `/waitlists/${waitlist}/subscribers`
  for (let i = 0; i < 3; i++) await api.post(path, { email: `s${i}@example.com` })
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  const { name } = organisation.ctx.organisation
  const remove = () => owner.post(`${home}/settings/delete`, { confirmation: name })
  return { organisation, waitlist, api, path, home, owner, name, remove }
}

/** What runs by itself every hour, as many days from now. */
const purge = (days: number) =>
  purgeOrganisations({
    ...product.services,
    db: product.database.jobs,
    now: () => new Date(Date.now() + days * dayMs),
  })

test('the name is typed by hand; then keys stop, every page shows the way back, and an owner brings it back as it was', async () => {
  const { organisation, waitlist, api, path, home, owner, name, remove } = await setUp()
  for (const typed of ['', organisation.slug, `${name}x`]) {
    const refused = await owner.post(`${home}/settings/delete`, { confirmation: typed })
    expect([refused.status, refused.html.includes('role="alert"')]).toEqual([422, true])
  }
  const before = (await api.get(path)).text
  expect((await remove()).location).toBe(`${home}/deleted`)

  for (const answer of [
    await api.get(path),
    await api.post(path, { email: 'late@example.com' }),
    await api.get('/key'),
  ])
    expect([answer.status, answer.json.code]).toEqual([401, 'invalid_api_key'])
  for (const page of ['/waitlists', `/waitlists/${waitlist}`, '/activity', '/settings', '/nothing'])
    expect([page, (await owner.get(home + page)).location]).toEqual([page, `${home}/deleted`])
  expect((await owner.post(`${home}/waitlists`, { name: 'x' })).location).toBe(`${home}/deleted`)
  const wayBack = await owner.get(`${home}/deleted`)
  expect(textOf(wayBack.html)).toMatch(/is deleted .* Until .* UTC you can bring it back as it was/)
  expect(textOf(wayBack.html)).not.toContain('Waitlists')
  expect((await owner.get('/')).location).toBe(`${home}/waitlists`)
  const account = await owner.get('/account')
  expect(textOf(account.html)).toContain(`Organisations ${name} Deleted`)
  expect(account.html).not.toContain(`${home}/members/`)
  // Whoever was let in before the deletion changes nothing after it.
  await expect(addSubscriber(organisation.ctx, waitlist, { email: 'late@example.com' })).rejects.toThrow('deleted')

  expect((await owner.post(`${home}/deleted/restore`)).location).toBe(`${home}/settings?saved=restored`)
  expect((await api.get(path)).text).toBe(before)
  expect((await owner.get(`${home}/deleted`)).location).toBe(`${home}/waitlists`)
  expect((await log(product, home)).map(({ action }) => action).slice(-2)).toEqual([
    'organisation.deleted',
    'organisation.restored',
  ])
  await owner.post(`${home}/deleted/restore`)
  expect((await log(product, home)).filter(({ action }) => action === 'organisation.restored')).toHaveLength(1)
})

test('a name with what keyboards have not is typed as they have it', async () => {
  const { home, owner, name } = await setUp()
  await owner.post(`${home}/settings`, { name: `Ada’s “Spring” – 2026` })
  for (const typed of [name, 'Adas "Spring" - 2026', `Ada's Spring - 2026`])
    expect((await owner.post(`${home}/settings/delete`, { confirmation: typed })).status).toBe(422)
  const answer = await owner.post(`${home}/settings/delete`, { confirmation: ` Ada's "Spring" - 2026 ` })
  expect(answer.location).toBe(`${home}/deleted`)
})

test('every owner is told by mail, of the deletion and of the way back', async () => {
  const { organisation, home, owner, remove } = await setUp()
  const second = await makeMember(product, organisation, 'owner')
  const admin = await makeMember(product, organisation, 'admin')
  await remove()
  for (const { email } of [organisation.owner, second]) {
    const mail = (await mailsTo(product, email)).at(-1)
    expect(mail?.subject).toContain('is deleted at QueueUp')
    expect(mail?.text).toContain(`${home}/deleted`)
  }
  await owner.post(`${home}/deleted/restore`)
  expect((await mailsTo(product, second.email)).map(({ subject }) => subject).at(-1)).toContain('is back')
  expect(await mailsTo(product, admin.email)).toEqual([])
})

test('admins, members and strangers neither delete nor bring back', async () => {
  const { organisation, home, name, remove } = await setUp()
  const others = [
    await asUser(product, await makeMember(product, organisation, 'admin')),
    await asUser(product, await makeMember(product, organisation, 'member')),
  ]
  const stranger = await asUser(product, (await makeOrganisation(product)).owner)
  for (const user of others)
    expect((await user.post(`${home}/settings/delete`, { confirmation: name })).status).toBe(403)
  expect((await stranger.post(`${home}/settings/delete`, { confirmation: name })).status).toBe(404)
  await remove()
  for (const user of others) {
    expect((await user.post(`${home}/deleted/restore`)).status).toBe(403)
    const page = textOf((await user.get(`${home}/deleted`)).html)
    expect([/an owner can bring it back/.test(page), page.includes('Bring it back')]).toEqual([true, false])
  }
  for (const path of ['/deleted', '/waitlists']) expect((await stranger.get(home + path)).status).toBe(404)
  expect((await stranger.post(`${home}/deleted/restore`)).status).toBe(404)
})

test('an invitation to a deleted organisation leads nowhere until it is back', async () => {
  const { organisation, owner, home, remove } = await setUp()
  await inviteMember(organisation.ctx, { email: 'invited@example.com', role: 'member' })
  const link = await mailedPath(product, 'invited@example.com', 'invitations')
  await remove()
  expect((await owner.get(link)).status).toBe(404)
  await owner.post(`${home}/deleted/restore`)
  expect((await owner.get(link)).status).toBe(200)
})

test('after seven days it is gone for good, but for a tombstone; not a day sooner, and not what was taken back', async () => {
  const { organisation, owner, home, path, api, remove } = await setUp()
  const kept = await setUp()
  await remove()
  await kept.remove()
  await kept.owner.post(`${kept.home}/deleted/restore`)
  await purge(6.9)
  expect((await owner.get(`${home}/deleted`)).status).toBe(200)
  await Promise.all([purge(7.1), purge(7.1)])

  expect((await owner.get(`${home}/deleted`)).status).toBe(404)
  expect((await owner.get('/')).location).toBe('/organisations/new')
  expect((await api.get(path)).status).toBe(401)
  expect((await kept.api.get(kept.path)).json.total).toBe(3)
  const { kysely } = product.database.owner
  for (const table of [
    'subscribers',
    'api_keys',
    'activities',
    'waitlists',
    'members',
    'organisation_slugs',
  ] as const) {
    expect(await kysely.selectFrom(table).selectAll().where('organisation_id', '=', organisation.id).execute()).toEqual(
      [],
    )
  }
  const tombstones = await kysely
    .selectFrom('organisation_tombstones')
    .selectAll()
    .where('organisation_id', '=', organisation.id)
    .execute()
  expect(tombstones).toMatchObject([{ last_activity_number: 7 }])
  const mails = await mailsTo(product, organisation.owner.email)
  expect(mails.filter(({ subject }) => subject.includes('gone for good'))).toHaveLength(1)
})

test('addresses of an organisation that is gone stay taken for good, and nothing tells whose they were', async () => {
  const { organisation, owner, home, name } = await setUp()
  const later = `later-${randomBase62(8).toLowerCase()}`
  expect((await owner.post(`${home}/settings/slug`, { slug: later })).status).toBe(303)
  await owner.post(`/o/${later}/settings/delete`, { confirmation: name })
  await purge(7.1)
  const other = await setUp()
  for (const slug of [organisation.slug, later]) {
    const refused = await other.owner.post(`${other.home}/settings/slug`, { slug })
    expect([refused.status, refused.html.includes('is taken')]).toEqual([422, true])
    const founded = await other.owner.post('/organisations/new', { name: slug.replaceAll('-', ' ') })
    expect(founded.location).toMatch(new RegExp(`^/o/${slug}-[a-z0-9]{5}/waitlists$`))
    expect((await owner.get(`/o/${slug}/waitlists`)).status).toBe(404)
  }
  const kept = await product.database.owner.kysely
    .selectFrom('organisation_slugs')
    .selectAll()
    .where('slug', 'in', [organisation.slug, later])
    .orderBy('slug', 'desc')
    .execute()
  expect(kept).toEqual([organisation.slug, later].map((slug) => ({ slug, organisation_id: null })))
})

test('nobody is of a waitlist that is not there, and whoever is goes with it', async () => {
  const { waitlist, organisation } = await setUp()
  const { kysely } = product.database.owner
  const copied = (to: string) =>
    sql`
    insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, referral_code)
      select organisation_id, ${to}, join_number, id + 100, email, canonical_email, state, joined_at, referral_code
      from subscribers where organisation_id = ${organisation.id} and waitlist_id = ${waitlist}`.execute(kysely)
  await expect(copied('wl_none')).rejects.toThrow(/foreign key/)
  await sql`delete from waitlists where organisation_id = ${organisation.id} and id = ${waitlist}`.execute(kysely)
  const { rows } = await sql`select from subscribers where organisation_id = ${organisation.id}`.execute(kysely)
  expect(rows).toEqual([])
})
