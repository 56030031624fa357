import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product)
  const user = await asUser(product, organisation.owner)
  /** The command that is shown with a key of these permissions. */
  const shownWith = async (name: string, scopes: string[]) => {
    const { html } = await user.post(`/o/${organisation.slug}/api-keys`, { name, scopes })
    const [, label, code] = /id="curl-label">([^<]*)<.*?<pre [^>]*id="curl"[^>]*>(.*?)<\/pre>/s.exec(html) ?? []
    return { label, command: (code ?? '').replaceAll('&quot;', '"').replaceAll('&#39;', "'") }
  }
  return { organisation, shownWith }
}

/** Sends what the command says. */
async function run(command: string) {
  const [, url = ''] = /^curl "([^"]+)"/.exec(command) ?? []
  const headers = [...command.matchAll(/-H "([^:"]+): ([^"]*)"/g)].map(
    ([, name = '', value = '']): [string, string] => [name, value],
  )
  const [, body] = /-d '([^']*)'/.exec(command) ?? []
  const response = await fetch(url, { headers, ...(body === undefined ? {} : { method: 'POST', body }) })
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into any answer.
  return { status: response.status, path: new URL(url).pathname, json: (await response.json()) as any }
}

test('a key that creates is shown with a call that creates a subscriber on the newest waitlist in use', async () => {
  const { organisation, shownWith } = await setUp()
  await makeWaitlist(organisation, 'Older')
  const newest = await makeWaitlist(organisation, 'Newest')
  await archiveWaitlist(organisation.ctx, await makeWaitlist(organisation, 'Archived'))
  const { label, command } = await shownWith('crm-sync', ['subscribers:read', 'subscribers:write'])
  expect(label).toBe('Try it: create a subscriber')
  expect(await run(command)).toMatchObject({
    status: 201,
    path: `/v1/api/waitlists/${newest}/subscribers`,
    json: { email: 'ada@example.com', position: 1 },
  })
  const other = await shownWith('signup-form', ['subscribers:write'])
  expect(await run(other.command)).toMatchObject({ status: 200, json: { position: 1 } })
})

test('a key that only reads is shown with a call that lists the subscribers', async () => {
  const { organisation, shownWith } = await setUp()
  const waitlist = await makeWaitlist(organisation)
  const { label, command } = await shownWith('analytics', ['subscribers:read'])
  expect(label).toBe('Try it: list subscribers')
  expect(await run(command)).toMatchObject({ status: 200, path: `/v1/api/waitlists/${waitlist}/subscribers` })
})

test('without a waitlist in use the call asks which key it is', async () => {
  const { organisation, shownWith } = await setUp()
  await archiveWaitlist(organisation.ctx, await makeWaitlist(organisation))
  const { label, command } = await shownWith('early', ['subscribers:write'])
  expect(label).toBe('Try it')
  expect(await run(command)).toMatchObject({ status: 200, path: '/v1/api/key', json: { name: 'early' } })
})
