import { sql } from 'kysely'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../browser.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
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

/** Somebody who signed in eleven minutes ago. */
async function startLate(options: { javaScriptEnabled?: boolean } = {}) {
  const organisation = await makeOrganisation(product, 'team')
  const grace = await makeMember(product, organisation, 'admin')
  const visit = await startVisit(browser, product, { ...options, person: organisation.owner })
  await sql`update sessions set confirmed_at = confirmed_at - interval '11 minutes'`.execute(
    product.database.owner.kysely,
  )
  return { organisation, grace, visit, ...visit }
}

it.each([true, false])(
  'a key is made as it was typed, once the password is entered again, with JavaScript %s',
  async (js) => {
    const { organisation, visit, page, open } = await startLate({ javaScriptEnabled: js })
    await open(`/o/${organisation.slug}/api-keys/new`)
    await page.getByLabel('Name').fill('crm "sync" <1>')
    await page.getByLabel(/Read subscribers/).check()
    await page.getByRole('button', { name: 'Create', exact: true }).click()

    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
    await page.getByLabel('Password').fill('not the password')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('This is not your password.').waitFor()
    await page.getByLabel('Password').fill(organisation.owner.password)
    await page.getByRole('button', { name: 'Confirm' })[js ? 'dblclick' : 'click']()

    await page.getByLabel('API key', { exact: true }).waitFor()
    expect(await page.getByRole('heading', { name: 'Your key “crm "sync" <1>”' }).count()).toBe(1)
    await page.getByRole('link', { name: 'Done, I have copied it' }).click()
    const table = page.getByRole('table', { name: 'Active keys' })
    expect(await table.getByRole('row').count()).toBe(2)
    await table.getByText('Read only').waitFor()
    expect(visit.complaints).toEqual([])
    await visit.context.close()
  },
)

it('the ownership is transferred in one dialog, after the password', async () => {
  const { organisation, grace, visit, page, open } = await startLate()
  await open(`/o/${organisation.slug}/members`)
  await page.getByRole('link', { name: 'Transfer ownership' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('New owner').selectOption({ label: grace.email })
  await dialog.getByRole('button', { name: 'Transfer ownership' }).click()
  await page.getByLabel('Password').fill(organisation.owner.password)
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText('You are an admin now.').waitFor()
  expect(await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Plan' }).count()).toBe(0)
  expect(await page.getByRole('link', { name: 'Transfer ownership' }).count()).toBe(0)
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})
