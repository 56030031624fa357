import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
import { unzip } from '../unzip.ts'
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

it.each([true, false])(
  'an owner moves the organisation, takes everything along, deletes it and brings it back (scripts: %s)',
  async (javaScriptEnabled) => {
    const organisation = await makeOrganisation(product)
    await makeWaitlist(organisation, 'Spring launch')
    const api = asApiKey(product, (await makeApiKey(organisation)).secret)
    const visit = await startVisit(browser, product, { person: organisation.owner, javaScriptEnabled })
    const { page, open } = visit
    await open(`/o/${organisation.slug}/plan`)
    await page.getByRole('link', { name: 'Organisation settings' }).click()
    await page.getByLabel('Name').fill('Engines 🚀')
    await page.getByRole('button', { name: 'Save name' }).click()
    await page.getByText('The name is saved').waitFor()

    await page.getByLabel('Address').fill('settings')
    await page.getByRole('button', { name: 'Change address' }).click()
    await page.getByRole('alert').filter({ hasText: 'kept for the product itself' }).waitFor()
    const slug = `engines-${javaScriptEnabled}`
    await page.getByLabel('Address').fill(slug)
    await page.getByRole('button', { name: 'Change address' }).click()
    await page.getByText('The address is changed').waitFor()
    // A bookmark from before.
    await open(`/o/${organisation.slug}/settings`)
    expect(page.url()).toBe(`${product.url}/o/${slug}/settings`)

    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export as ZIP' }).click(),
    ])
    expect(download.suggestedFilename()).toBe(`${slug}-export.zip`)
    expect(unzip(readFileSync(await download.path())).get('waitlists.csv')).toContain('Spring launch')

    await page.getByRole('link', { name: 'Delete organisation' }).click()
    const dialog = page.getByRole('dialog', { name: 'Delete Engines 🚀?' })
    await dialog.getByLabel('Type Engines 🚀 to go on').fill('Engines')
    await dialog.getByRole('button', { name: 'Delete organisation' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Type Engines 🚀 to go on').fill('Engines 🚀')
    await dialog.getByRole('button', { name: 'Delete organisation' }).click()
    await page.getByRole('heading', { name: 'Engines 🚀 is deleted' }).waitFor()
    expect((await api.get('/key')).status).toBe(401)
    await open(`/o/${slug}/waitlists`)
    await page.getByRole('button', { name: 'Bring it back' }).click()
    await page.getByText('The organisation is back as it was').waitFor()
    expect((await api.get('/key')).status).toBe(200)
    await page.getByRole('link', { name: 'Waitlists' }).click()
    await page.getByRole('link', { name: 'Spring launch' }).waitFor()
    expect(visit.complaints).toEqual([])
    await visit.context.close()
  },
)

it('a member has no way to the settings, and of a deleted organisation sees who brings it back', async () => {
  const organisation = await makeOrganisation(product)
  const person = await makeMember(product, organisation, 'member')
  const visit = await startVisit(browser, product, { person })
  const { page, open } = visit
  for (const path of ['settings', 'settings/slug', 'settings/delete'])
    expect([path, await open(`/o/${organisation.slug}/${path}`)]).toEqual([path, 403])
  const owner = await startVisit(browser, product, { person: organisation.owner })
  await owner.open(`/o/${organisation.slug}/settings/delete`)
  await owner.page.getByLabel(/^Type /).fill(organisation.ctx.organisation.name)
  await owner.page.getByRole('dialog').getByRole('button', { name: 'Delete organisation' }).click()
  await owner.page.getByRole('button', { name: 'Bring it back' }).waitFor()
  await open(`/o/${organisation.slug}/waitlists`)
  await page.getByText('an owner can bring it back').waitFor()
  expect(await page.getByRole('button', { name: 'Bring it back' }).count()).toBe(0)
  await Promise.all([visit.context.close(), owner.context.close()])
})
