import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import { findPerson } from '../accounts/create-person.ts'
import { memberAdd, orgCreate } from './organisations.cli.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const newEmail = () => `${randomBase62(8).toLowerCase()}@example.com`

test('an owner made by a command may sign in with the password that it prints; one who had an account keeps theirs', async () => {
  const ownerEmail = newEmail()
  const first = (await orgCreate(product.services, { name: 'First', ownerEmail })).json as Record<string, string>
  const second = (await orgCreate(product.services, { name: 'Second', ownerEmail })).json as Record<string, string>
  expect(second.owner_password).toBeNull()
  const owner = await asUser(product, { email: ownerEmail, password: first.owner_password ?? '' })
  for (const { slug } of [first, second]) expect((await owner.get(`/o/${slug}/members`)).status).toBe(200)
})

test('a member for whom the plan has no room gets no account either', async () => {
  const { slug } = await makeOrganisation(product, 'free')
  const email = newEmail()
  await expect(memberAdd(product.services, { org: slug, email, role: 'admin' })).rejects.toThrow(/Free plan allows/)
  expect(await findPerson(product.services.db.kysely, email)).toBeUndefined()
})

test('adding a member again changes nothing, and says what they are', async () => {
  const { slug } = await makeOrganisation(product, 'team')
  const email = newEmail()
  await memberAdd(product.services, { org: slug, email, role: 'member' })
  const again = await memberAdd(product.services, { org: slug, email, role: 'admin' })
  expect(again.json).toMatchObject({ email, role: 'member', password: null })
})
