import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createWaitlist } from '../../src/features/waitlists/create-waitlist.ts'
import { launchBrowser } from '../browser.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
import { lookAt } from './look-at.ts'
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

const description = 'For those who want in first. 先着順です。'

it.each([true, false])(
  'what was typed on the setup page comes back after the session ended and is saved on purpose (scripts: %s)',
  async (javaScriptEnabled) => {
    const organisation = await makeOrganisation(product)
    const { id } = await createWaitlist(organisation.ctx, { name: 'Launch' })
    const visit = await startVisit(browser, product, { person: organisation.owner, javaScriptEnabled })
    const { page, open, context } = visit
    const setup = `/o/${organisation.slug}/waitlists/${id}/setup`
    await open(setup)
    await page.getByLabel('Description').fill(description)
    await page.getByLabel(/People move ahead/).uncheck()
    // Signed out in another tab.
    const other = await context.newPage()
    await other.goto(`${product.url}/account`)
    await other.locator('details.account summary').click()
    await other.getByRole('button', { name: 'Sign out', exact: true }).click()
    await other.getByRole('link', { name: 'Sign in' }).first().waitFor()

    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByText('what you typed is filled in again').waitFor()
    expect(await everythingIn(visit, page)).not.toContain('For those who want')
    if (javaScriptEnabled) expect(await lookAt(page, 'sign-in with a form on the way')).toEqual([])
    await page.getByLabel('E-mail').fill(organisation.owner.email)
    await page.getByLabel('Password').fill(organisation.owner.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    // Scripts go on at once.
    if (!javaScriptEnabled) await page.getByRole('button', { name: 'Back to the form' }).click()
    await page.getByText('It has not been saved yet').waitFor()
    expect(new URL(page.url()).pathname).toBe(setup)
    expect(await page.getByLabel('Description').inputValue()).toBe(description)
    expect(await page.getByLabel(/People move ahead/).isChecked()).toBe(false)
    await page.getByText('Not saved yet: Description, Referrals.').waitFor()
    if (javaScriptEnabled) expect(await lookAt(page, 'setup that came back')).toEqual([])

    await page.getByRole('button', { name: 'Save changes' }).click()
    await page.getByText('Your changes are saved').waitFor()
    await open(setup)
    expect(await page.getByLabel('Description').inputValue()).toBe(description)
    expect(visit.complaints).toEqual([])
    await context.close()
  },
)
