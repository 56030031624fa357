import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { startVisit } from './visit.ts'

let product: TestProduct
let browser: Browser
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

it('a member has no entry for API keys and is told at its address who has', async () => {
  const organisation = await makeOrganisation(product)
  const key = await makeApiKey(organisation)
  const person = await makeMember(product, organisation, 'member')
  const visit = await startVisit(browser, product, { person })
  const { page, open } = visit
  const base = `/o/${organisation.slug}`

  expect(await open(`${base}/waitlists`)).toBe(200)
  expect(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts()).toEqual(['Waitlists'])
  for (const path of ['api-keys', 'api-keys/new', `api-keys/${key.id}/revoke`, 'activity']) {
    expect([path, await open(`${base}/${path}`)]).toEqual([path, 403])
    expect(await page.getByRole('main').innerText()).toMatch(/owners and admins/)
    expect(await page.content()).not.toContain(key.prefix)
  }
  // The way on is still there.
  await page.getByRole('link', { name: 'Go to the waitlists' }).click()
  await page.getByRole('heading', { name: 'Waitlists', exact: true }).waitFor()
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it('an admin sees the API keys and cannot switch the plan', async () => {
  const organisation = await makeOrganisation(product)
  const person = await makeMember(product, organisation, 'admin')
  const visit = await startVisit(browser, product, { person })
  const { page, open } = visit

  expect(await open(`/o/${organisation.slug}/api-keys`)).toBe(200)
  await page.getByRole('link', { name: 'Create key' }).waitFor()
  expect(await page.getByRole('navigation', { name: 'Main' }).getByRole('link').allInnerTexts()).not.toContain('Plan')
  expect(await open(`/o/${organisation.slug}/plan`)).toBe(403)
  await visit.context.close()
})

it('on Free there is no entry, and the address says what the feature is and how to get it', async () => {
  const organisation = await makeOrganisation(product, 'free')
  const visit = await startVisit(browser, product, { person: organisation.owner })
  const { page, open } = visit
  const nav = page.getByRole('navigation', { name: 'Main' })

  await open(`/o/${organisation.slug}/waitlists`)
  expect(await nav.getByRole('link').allInnerTexts()).toEqual(['Waitlists', 'Activity', 'Members', 'Plan'])
  expect(await open(`/o/${organisation.slug}/api-keys`)).toBe(200)
  await page.getByText('API access is part of Pro and Team.').waitFor()
  expect(await page.getByRole('link', { name: /Create/ }).count()).toBe(0)
  expect(await open(`/o/${organisation.slug}/api-keys/new`)).toBe(403)

  await open(`/o/${organisation.slug}/api-keys`)
  await page.getByRole('link', { name: 'Go to the Plan page' }).click()
  await page.getByRole('link', { name: 'Switch to Pro' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Switch to Pro' }).click()
  await page.getByRole('status').waitFor()
  await nav.getByRole('link', { name: 'API keys' }).click()
  await page.getByRole('heading', { name: 'No keys yet' }).waitFor()
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it('keys fall asleep with the plan, can be revoked meanwhile, and wake as they were', async () => {
  const organisation = await makeOrganisation(product)
  const [kept, dropped] = [await makeApiKey(organisation), await makeApiKey(organisation)]
  const api = asApiKey(product, kept.secret)
  const visit = await startVisit(browser, product, { person: organisation.owner })
  const { page, open } = visit
  const switchTo = async (plan: string) => {
    await page.getByRole('link', { name: `Switch to ${plan}` }).click()
    await page
      .getByRole('dialog')
      .getByRole('button', { name: `Switch to ${plan}` })
      .click()
    await page.getByRole('status').filter({ hasText: plan }).waitFor()
  }

  await open(`/o/${organisation.slug}/plan`)
  await switchTo('Free')
  const refused = await api.get('/key')
  expect([refused.status, refused.json.code]).toEqual([403, 'feature_not_allowed'])
  expect(await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'API keys' }).count()).toBe(0)

  await page.getByRole('main').getByRole('link', { name: 'See them' }).click()
  await page.getByText('Your 2 keys are asleep').waitFor()
  const sleeping = page.getByRole('table', { name: 'Sleeping keys' })
  expect(await sleeping.getByText('Asleep').count()).toBe(2)
  await sleeping.getByRole('link', { name: `Revoke ${dropped.name}` }).click()
  await page.getByRole('button', { name: 'Revoke key' }).click()
  await page.getByText('Your key is asleep').waitFor()

  await page.getByRole('link', { name: 'Go to the Plan page' }).click()
  await switchTo('Team')
  expect((await api.get('/key')).status).toBe(200)
  await page.getByRole('link', { name: 'API keys' }).click()
  const active = page.getByRole('table', { name: 'Active keys' })
  expect(await active.getByRole('row').count()).toBe(2)
  expect(await active.innerText()).toContain(kept.name)
  expect((await asApiKey(product, dropped.secret).get('/key')).status).toBe(401)
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it("another organisation's pages are as if they were not there", async () => {
  const [own, other] = [await makeOrganisation(product), await makeOrganisation(product)]
  const key = await makeApiKey(other)
  const visit = await startVisit(browser, product, { person: own.owner })
  const addresses = [`/o/${other.slug}/api-keys`, '/o/nobody/api-keys', `/o/${own.slug}/api-keys/${key.id}/revoke`]
  for (const address of addresses) expect([address, await visit.open(address)]).toEqual([address, 404])
  await visit.context.close()
})
