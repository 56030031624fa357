import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, mailedPath, mailsTo, signIn, textOf } from '../../../test/people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const person = await makeMember(product, organisation, 'admin')
  const user = await asUser(product, person)
  const remove = (confirmation = person.email) => user.post('/account/delete', { confirmation })
  return { organisation, home: `/o/${organisation.slug}`, person, user, remove }
}

const isThere = async (id: string) =>
  (await product.database.owner.kysely.selectFrom('users').select('id').where('id', '=', id).execute()).length === 1

test('an account is deleted once its address is typed: out everywhere at once, logged where they were, told by mail', async () => {
  const { organisation, home, person, user, remove } = await setUp()
  const other = await signIn(product, person.email).catch(() => asUser(product, person))
  await user.post('/forgot-password', { email: person.email })
  const link = await mailedPath(product, person.email, 'reset-password')
  const key = await makeApiKey(organisation)
  const refused = await remove('somebody@example.com')
  expect([refused.status, textOf(refused.html).includes(`Type ${person.email} to delete your account.`)]).toEqual([
    422,
    true,
  ])
  expect(refused.html).toContain('value="somebody@example.com"')

  const done = await remove(` ${person.email.toUpperCase()} `)
  expect([done.status, done.location]).toEqual([303, '/sign-in?done=deleted'])
  expect(textOf((await user.get('/sign-in?done=deleted')).html)).toContain('Your account is deleted.')
  for (const browser of [user, other]) expect((await browser.get('/account')).location).toMatch(/^\/sign-in/)
  expect((await user.post(link, { password: 'a third password yet' })).status).toBe(404)
  await expect(asUser(product, person)).rejects.toThrow()
  expect(await isThere(person.id)).toBe(false)
  expect((await log(product, home)).at(-1)).toMatchObject({ action: 'member.removed', actor_name: person.email })
  expect((await asApiKey(product, key.secret).get('/key')).status).toBe(200)
  expect((await mailsTo(product, person.email)).at(-1)?.subject).toBe('Your QueueUp account is deleted')
  // Sent again, by a browser that does not know yet.
  expect((await remove()).location).toMatch(/^\/sign-in/)
})

test('the only owner of an organisation stays until it is handed over or deleted, and so does everything else of theirs', async () => {
  const { organisation, home, person } = await setUp()
  const owner = await asUser(product, organisation.owner)
  const remove = () => owner.post('/account/delete', { confirmation: organisation.owner.email })
  const refused = await remove()
  expect(refused.status).toBe(403)
  expect(textOf(refused.html)).toContain(`You are the only owner of ${organisation.ctx.organisation.name}.`)
  expect((await owner.get(`${home}/plan`)).status).toBe(200)
  await owner.post(`${home}/members/transfer`, { to: person.id })
  expect((await remove()).status).toBe(303)
  expect(await isThere(organisation.owner.id)).toBe(false)

  const last = await makeOrganisation(product)
  const founder = await asUser(product, last.owner)
  await founder.post(`/o/${last.slug}/settings/delete`, { confirmation: last.ctx.organisation.name })
  expect((await founder.post('/account/delete', { confirmation: last.owner.email })).status).toBe(303)
  expect(await isThere(last.owner.id)).toBe(false)
})

test('of two owners who delete their accounts at the same moment one stays', async () => {
  const { organisation } = await setUp()
  const second = await makeMember(product, organisation, 'owner')
  const owners = [organisation.owner, second]
  const answers = await Promise.all(
    owners.map(async (one) => (await asUser(product, one)).post('/account/delete', { confirmation: one.email })),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([303, 403])
  const left = await product.database.owner.kysely
    .selectFrom('members')
    .select('role')
    .where('organisation_id', '=', organisation.id)
    .where('role', '=', 'owner')
    .execute()
  expect(left).toHaveLength(1)
})

test('a double click deletes once, and the address may have a new account afterwards, which has nothing of the old one', async () => {
  const { person, remove, home } = await setUp()
  const answers = await Promise.all([remove(), remove()])
  expect(answers.every(({ status }) => status === 303)).toBe(true)
  const anew = await asUser(product, undefined)
  expect((await anew.post('/sign-up', { email: person.email, password: person.password })).status).toBe(303)
  expect((await anew.get(`${home}/waitlists`)).status).toBe(404)
})
