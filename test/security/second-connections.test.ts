import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../as.ts'
import { makeApiCaller, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)

test('changes of one organisation that count tokens, more at once than there are connections, wait for no second one of the pool, and hold up nobody else', async () => {
  const organisation = await makeOrganisation(product)
  const owner = await asUser(product, organisation.owner)
  const { api, path } = await makeApiCaller(product)
  const invite = (n: number) =>
    owner.post(`/o/${organisation.slug}/members/invitations`, { email: `invited-${n}@example.com`, role: 'member' })
  const move = (n: number) => owner.post(`/o/${organisation.slug}/settings/slug`, { slug: `${organisation.slug}-${n}` })
  const changes = upTo(15).flatMap((n) => [invite(n), move(n)])
  const beganAt = performance.now()
  const created = await Promise.all(upTo(5).map((n) => api.post(path, { email: `beside-${n}@example.com` })))
  const lastedMs = performance.now() - beganAt
  expect(created.map(({ status }) => status)).toEqual(upTo(5).map(() => 201))
  const answers = await Promise.all(changes)
  expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([])
  // A connection of the pool is waited for five seconds.
  expect(lastedMs).toBeLessThan(4_000)
})
