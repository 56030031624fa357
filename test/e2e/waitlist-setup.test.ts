import type { Browser, Page } from 'playwright-core'
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

const current = (page: Page) => page.locator('.rail [aria-current]').allInnerTexts()

it('an owner makes a waitlist and sets it up: the rail follows, what is unsaved is guarded, and it is archived and brought back', async () => {
  const organisation = await makeOrganisation(product)
  const visit = await startVisit(browser, product, {
    person: organisation.owner,
    viewport: { width: 1000, height: 420 },
  })
  const { page, open } = visit
  await open(`/o/${organisation.slug}/waitlists/new`)
  await page.getByLabel('Name').fill('Launch')
  await page.getByRole('button', { name: 'Create waitlist' }).click()
  await page.getByRole('link', { name: 'Set up' }).click()
  await page.getByRole('heading', { name: 'Set up Launch' }).waitFor()

  expect(await current(page)).toEqual(['General'])
  await page.locator('#referrals').evaluate((section) => section.scrollIntoView())
  await expect.poll(() => current(page)).toEqual(['Referrals'])
  await page.getByRole('link', { name: 'Danger zone' }).click()
  await expect.poll(() => current(page)).toEqual(['Danger zone'])

  const state = page.getByRole('status').filter({ hasText: 'not saved yet' })
  await page.getByLabel('Places ahead').fill('7')
  await state.waitFor()
  await page.getByLabel('Places ahead').fill('5')
  await expect.poll(() => state.count()).toBe(0)
  await page.getByLabel('Description').fill('For those who want in first.')
  const asked: string[] = []
  page.once('dialog', (dialog) => {
    asked.push(dialog.type())
    void dialog.dismiss()
  })
  await page
    .getByRole('navigation', { name: 'Breadcrumb' })
    .getByRole('link', { name: 'Launch' })
    .click()
    .catch(() => undefined)
  await expect.poll(() => asked).toEqual(['beforeunload'])
  expect(await page.getByLabel('Description').inputValue()).toBe('For those who want in first.')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('status').filter({ hasText: 'Your changes are saved' }).waitFor()

  await page.getByRole('link', { name: 'Archive waitlist' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Archive waitlist' }).click()
  await page.getByText('This waitlist is archived').waitFor()
  await page.getByRole('link', { name: 'Restore it under Set up' }).click()
  await page.getByRole('button', { name: 'Restore waitlist' }).click()
  await page.getByRole('link', { name: 'Add subscriber' }).waitFor()
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it.each([true, false])(
  'of two who edit, the later one sees both and decides (scripts: %s)',
  async (javaScriptEnabled) => {
    const organisation = await makeOrganisation(product)
    const admin = await makeMember(product, organisation, 'admin')
    const ada = await startVisit(browser, product, { person: organisation.owner, javaScriptEnabled })
    const grace = await startVisit(browser, product, { person: admin, javaScriptEnabled })
    await ada.open(`/o/${organisation.slug}/waitlists/new`)
    await ada.page.getByLabel('Name').fill('Launch')
    await ada.page.getByRole('button', { name: 'Create waitlist' }).click()
    await ada.page.getByRole('link', { name: 'Set up' }).click()
    await ada.page.getByLabel('Name').waitFor()
    await grace.open(new URL(ada.page.url()).pathname)
    const save = ({ page }: typeof ada) => page.getByRole('button', { name: 'Save changes' }).click()

    await grace.page.getByLabel('Name').fill('Spring launch')
    await save(grace)
    await grace.page.getByText('Your changes are saved').waitFor()
    await ada.page.getByLabel('Name').fill('Big launch')
    await save(ada)
    await ada.page.getByText(`${admin.email} saved this waitlist while you were editing`).waitFor()
    expect(await ada.page.getByLabel('Name').inputValue()).toBe('Big launch')
    expect(await ada.page.locator('.theirs').innerText()).toContain('Spring launch')
    await save(ada)
    await ada.page.getByText('Your changes are saved').waitFor()
    await grace.page.reload()
    expect(await grace.page.getByLabel('Name').inputValue()).toBe('Big launch')
    expect([...ada.complaints, ...grace.complaints]).toEqual([])
    await Promise.all([ada.context.close(), grace.context.close()])
  },
)
