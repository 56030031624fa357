import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../browser.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { everythingIn, startVisit } from './visit.ts'

let product: TestProduct
let browser: Browser
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

async function startCreating(options: { javaScriptEnabled?: boolean } = {}) {
  const organisation = await makeOrganisation(product)
  const visit = await startVisit(browser, product, { ...options, person: organisation.owner })
  await visit.open(`/o/${organisation.slug}/api-keys/new`)
  await visit.page.getByLabel('Name').fill('crm-sync')
  await visit.page.getByLabel(/Read subscribers/).check()
  return { ...visit, visit, organisation }
}

const create = (page: Page) => page.getByRole('button', { name: 'Create', exact: true })
const secretField = (page: Page) => page.getByLabel('API key', { exact: true })

const countKeys = async (organisation: { id: string }) =>
  (
    await product.database.owner.kysely
      .selectFrom('api_keys')
      .select('id')
      .where('organisation_id', '=', organisation.id)
      .execute()
  ).length

it.each([true, false])('sending the form again shows no key and makes none, with JavaScript %s', async (js) => {
  const { page, visit, organisation } = await startCreating({ javaScriptEnabled: js })
  await create(page).click()
  const key = await secretField(page).inputValue()
  await page.reload()
  await page.getByRole('status').filter({ hasText: 'crm-sync' }).waitFor()
  expect(await page.getByRole('status').innerText()).toMatch(/not shown again/)
  expect(await everythingIn(visit, page)).not.toContain(key)
  expect(await countKeys(organisation)).toBe(1)
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it('a double click makes one key', async () => {
  const { page, visit, organisation } = await startCreating()
  await create(page).dblclick()
  await secretField(page).waitFor()
  expect(await countKeys(organisation)).toBe(1)
  await visit.context.close()
})

it('the key is copied by a button that says so, and selected where the clipboard is out of reach', async () => {
  const { page, context, complaints } = await startCreating()
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await create(page).click()
  const copy = page.getByRole('button', { name: 'Copy' }).first()
  await copy.click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(await secretField(page).inputValue())

  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await page.getByRole('button', { name: 'Copy', exact: true }).click()
  await page.getByRole('button', { name: /Selected/ }).waitFor()
  expect(await page.evaluate(() => String(getSelection()))).toContain('Authorization: Bearer qu_live_')
  expect(complaints).toEqual([])
  await context.close()
})

it('the reveal closes on purpose only', async () => {
  const { page, context } = await startCreating()
  await create(page).click()
  await secretField(page).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.mouse.click(5, 400)
  expect(await secretField(page).isVisible()).toBe(true)
  expect(await page.evaluate(() => document.querySelector('dialog')?.matches(':modal'))).toBe(true)
  await page.getByRole('link', { name: 'Done, I have copied it' }).click()
  await page.waitForURL(/\/api-keys\?created=/)
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Create key')
  await context.close()
})

it('a page that the browser keeps for its Back button has lost the key', async () => {
  const { page, visit } = await startCreating()
  await create(page).click()
  const key = await secretField(page).inputValue()
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })))
  expect(await everythingIn(visit, page)).not.toContain(key)
  await visit.context.close()
})

it('going on and back by the browser’s own buttons brings no key back', async () => {
  const { page, visit, organisation, open } = await startCreating()
  await create(page).click()
  const key = await secretField(page).inputValue()
  await page.getByRole('link', { name: 'Done, I have copied it' }).click()
  await page.waitForURL(/\/api-keys\?created=/)
  await open(`/o/${organisation.slug}/waitlists`)
  for (const turn of ['goBack', 'goBack', 'goBack', 'goForward', 'goForward'] as const) {
    // What a form answered is not kept: the browser asks whether to send it again, and shows nothing until then.
    await page[turn]().catch((error: Error) => expect(error.message).toMatch(/ERR_CACHE_MISS/))
    expect(await everythingIn(visit, page).catch(() => page.content())).not.toContain(key)
  }
  expect(await countKeys(organisation)).toBe(1)
  await visit.context.close()
})
