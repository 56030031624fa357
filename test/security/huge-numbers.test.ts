import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { fillWaitlist } from '../../src/features/subscribers/fill-waitlist.ts'
import { asUser } from '../as.ts'
import { makeApiCaller, makeProduct, type TestProduct } from '../make.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const numbers = [
  '9'.repeat(15),
  '9'.repeat(16),
  '9'.repeat(19),
  '9223372036854775808',
  '9007199254740993',
  '-1',
  '1e309',
]
const places = numbers.slice(1, 4).flatMap((one) => [`${one}.1`, `-${one}.1`, `1.${one}`])
const queries = [
  ...numbers
    .slice(2, 4)
    .flatMap((one) => ['page', 'limit', 'before', 'after', 'from', 'until', 'who'].map((name) => `${name}=${one}`)),
  ...places.flatMap((place) =>
    ['joined', '-joined', 'position', '-position', '-referrals'].flatMap((sort) =>
      ['after', 'before'].flatMap((name) => [`sort=${sort}&${name}=${place}`]),
    ),
  ),
]

test('no number in an address, however large, breaks a page', async () => {
  const { organisation, path } = await makeApiCaller(product)
  await fillWaitlist(organisation.ctx, path.split('/')[2] ?? '', 120)
  const known: Record<string, string> = {
    slug: organisation.slug,
    id: path.split('/')[2] ?? '',
    subscriber: '1',
    number: '1',
  }
  const user = await asUser(product, organisation.owner)
  const routes = createApp(product.services).routes.filter(
    ({ method, path }) => method === 'GET' && !path.includes('*') && !/sign-out|\/v1\/api/.test(path),
  )
  const addresses = [...new Set(routes.map((route) => route.path))].flatMap((path) => {
    const fill = (own: Record<string, string>) =>
      path.replace(/:(\w+)(\{[^}]*\})?/g, (_, name: string) => own[name] ?? known[name] ?? '1')
    const named = [...path.matchAll(/:(\w+)/g)].flatMap(([, name = '']) =>
      numbers.slice(0, 3).map((one) => fill({ [name]: one })),
    )
    const asked = /^\/o\/:slug\/waitlists\/:id$/.test(path) ? queries : queries.slice(0, 14)
    return [...named, ...asked.map((query) => `${fill({})}?${query}`)]
  })
  expect(addresses.length).toBeGreaterThan(500)
  const broken: string[] = []
  for (const address of addresses) {
    const { status } = await user.get(address)
    if (status >= 500) broken.push(`${address}: ${status}`)
  }
  expect(broken).toEqual([])
}, 240_000)

test('no number in an address, however large, breaks the API', async () => {
  const { path, api } = await makeApiCaller(product)
  for (const one of numbers)
    for (const query of [`page=${one}`, `limit=${one}`, `page=${one}&q=ada`, `page=${one}&limit=200`])
      expect([query, (await api.get(`${path}?${query}`)).status]).toEqual([query, expect.toBeOneOf([200, 422])])
})
