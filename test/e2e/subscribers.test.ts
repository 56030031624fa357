import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeApiKey, makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
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

describe.each([{ javaScriptEnabled: true }, { javaScriptEnabled: false }])('with %o', ({ javaScriptEnabled }) => {
  it('an admin adds somebody, finds who brings most people, looks at them and removes them', async () => {
    const organisation = await makeOrganisation(product)
    const waitlist = await makeWaitlist(organisation)
    const person = await makeMember(product, organisation, 'admin')
    const api = asApiKey(product, (await makeApiKey(organisation)).secret)
    const path = `/waitlists/${waitlist}/subscribers`
    for (let i = 1; i <= 60; i++) await api.post(path, { email: `person${i}@example.com` })
    const { referral_code } = (await api.get(`${path}?q=person60`)).json.items[0]
    await api.post(path, { email: 'friend@example.com', referral_code })

    const visit = await startVisit(browser, product, { person, javaScriptEnabled })
    const { page, open } = visit
    const table = page.getByRole('table', { name: 'Subscribers' })
    const emails = async () => (await table.locator('td.name').allInnerTexts()).map((text) => text.split('@')[0])
    await open(`/o/${organisation.slug}/waitlists/${waitlist}`)
    await page.getByRole('link', { name: 'Add subscriber' }).click()
    await page.getByLabel('E-mail', { exact: true }).fill('by-hand@example.com')
    await page.getByRole('dialog').getByRole('button', { name: 'Add subscriber' }).click()
    await page.getByRole('status').filter({ hasText: 'on the list' }).waitFor()

    await page.getByRole('link', { name: 'Last', exact: true }).click()
    await page.getByText('51–62 of 62 subscribers').waitFor()
    expect((await emails()).at(-1)).toBe('by-hand')
    await table.getByRole('link', { name: 'Position' }).click()
    expect((await emails()).slice(0, 2)).toEqual(['person1', 'person2'])
    expect((await emails()).indexOf('person60')).toBe(-1)
    await table.getByRole('link', { name: 'Referred' }).click()
    await page.waitForURL(/sort=-referrals/)
    expect((await emails())[0]).toBe('person60')

    await page.getByLabel('Search by e-mail').fill('PERSON6')
    await page.getByLabel('Order').selectOption('Latest arrivals first')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('1–2 of 2 people found').waitFor()
    expect(await emails()).toEqual(['person60', 'person6'])

    await page.getByRole('link', { name: 'person60@example.com' }).click()
    await page.getByRole('heading', { name: 'person60@example.com' }).waitFor()
    expect(await page.getByRole('main').innerText()).toMatch(/Moved ahead by\s+5 places, for 1 person/)
    await page.getByRole('link', { name: 'friend@example.com' }).first().click()
    await page.getByRole('heading', { name: 'friend@example.com' }).waitFor()
    await page.getByRole('link', { name: 'person60@example.com' }).click()
    await page.getByRole('link', { name: 'Remove person' }).click()
    const question = page.getByRole('dialog', { name: 'Remove person60@example.com?' })
    await question.getByRole('button', { name: 'Remove person' }).click()
    await page.getByRole('status').filter({ hasText: 'e-mail address is forgotten' }).waitFor()
    await page.getByText('1–50 of 61 subscribers').waitFor()
    expect((await api.get(`${path}?q=person60`)).json.total).toBe(0)
    expect(visit.complaints).toEqual([])
    await visit.context.close()
  })
})
