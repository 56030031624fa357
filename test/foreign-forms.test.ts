import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/app.tsx'
import { asUser } from './as.ts'
import { dumpDatabase } from './dump-database.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from './make.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

/** Signed in by the provider itself, not by a cookie. */
const withoutCookies = ['/webhooks/stripe']

test('no form that another site sends does anything, whichever it is', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const user = await asUser(product, organisation.owner)
  const posts = createApp(product.services).routes.filter(
    ({ method, path }) => method === 'POST' && !path.includes('*'),
  )
  const paths = [...new Set(posts.map(({ path }) => path))].filter((path) => !withoutCookies.includes(path))
  expect(paths.length).toBeGreaterThan(30)
  const before = await dumpDatabase(product.database.owner.kysely)
  for (const path of paths) {
    const address = path
      .replace(':slug', organisation.slug)
      .replace(/:(waitlist|waitlistId|waitlist_id)\b/, waitlist)
      .replace(/:\w+(\{[^}]*\})?/g, '1')
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: `${product.url}.evil.example` },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
    ])
      expect([path, headers, (await user.post(address, {}, headers)).status]).toEqual([path, headers, 403])
  }
  expect(await dumpDatabase(product.database.owner.kysely)).toBe(before)
})

test('every promise of the guide names a test that is there', () => {
  const page = readFileSync(new URL('../docs/guide/promises.md', import.meta.url), 'utf8')
  const named = [...page.matchAll(/`((?:src|test)\/[\w./-]+\.test\.ts)`/g)].map(([, path]) => path ?? '')
  expect(named.length).toBeGreaterThan(20)
  for (const path of named) expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toContain('expect(')
})
