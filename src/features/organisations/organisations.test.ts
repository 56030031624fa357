import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, signUp, textOf } from '../../../test/people.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

test('a further organisation is made once, however often its form is sent, and one switches between them', async () => {
  const ada = await signUp(product, 'ada@example.com')
  const form = { name: 'Café 🚀 GmbH', form_nonce: newFormNonce() }
  const pages = [await ada.post('/organisations/new', form), await ada.post('/organisations/new', form)]
  expect(pages.map((page) => page.location)).toEqual(['/o/cafe-gmbh/waitlists', '/o/cafe-gmbh/waitlists'])
  expect(textOf((await ada.get('/o/cafe-gmbh/waitlists')).html)).toContain('Café 🚀 GmbH')
  expect(await log(product, '/o/cafe-gmbh')).toMatchObject([{ action: 'organisation.created' }])
  expect((await ada.get('/o/cafe-gmbh/waitlists')).html).toContain(`href="${ada.home}/waitlists"`)
  await ada.get(`${ada.home}/waitlists`)
  expect((await ada.get('/')).location).toBe(`${ada.home}/waitlists`)
})

test('a name without a letter of the alphabet still gets an address; one without anything is refused', async () => {
  const user = await signUp(product, 'names@example.com')
  expect((await user.post('/organisations/new', { name: '株式会社' })).location).toMatch(
    /^\/o\/[a-z0-9-]{3,40}\/waitlists$/,
  )
  expect((await user.post('/organisations/new', { name: 'Admin' })).location).toMatch(
    /^\/o\/admin-[a-z0-9]{5}\/waitlists$/,
  )
  expect((await user.post('/organisations/new', { name: ' '.repeat(9) })).status).toBe(422)
  expect((await user.post('/organisations/new', { name: 'x'.repeat(101) })).status).toBe(422)
})

test('nobody makes organisations without end', async () => {
  const user = await signUp(product, 'busy@example.com')
  const statuses: number[] = []
  for (let i = 0; i < 11; i++) statuses.push((await user.post('/organisations/new', { name: `Number ${i}` })).status)
  expect([statuses.at(0), statuses.at(-1)]).toEqual([303, 429])
})

test('the owner renames it: one row with both names, the address stays, and the same name changes nothing', async () => {
  const organisation = await makeOrganisation(product)
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  for (let i = 0; i < 2; i++) expect((await owner.post(`${home}/settings`, { name: 'New name' })).status).toBe(303)
  expect((await log(product, home)).slice(1)).toMatchObject([
    { action: 'organisation.updated', changes: { after: { name: 'New name' } } },
  ])
  const refused = await owner.post(`${home}/settings`, { name: '' })
  expect(refused.status).toBe(422)
  const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
  expect((await admin.get(`${home}/settings`)).status).toBe(403)
  expect((await admin.post(`${home}/settings`, { name: 'Coup' })).status).toBe(403)
})

test('the application itself can delete neither an organisation nor rows of its log', async () => {
  const organisation = await makeOrganisation(product)
  const { kysely } = product.services.db
  await expect(kysely.deleteFrom('organisations').where('id', '=', organisation.id).execute()).rejects.toThrow(
    'permission denied',
  )
  await expect(
    kysely.deleteFrom('activities').where('organisation_id', '=', organisation.id).execute(),
  ).rejects.toThrow('permission denied')
})
