import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
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
  it('an owner finds what the keys did to one waitlist, shares the address, and takes it along', async () => {
    const organisation = await makeOrganisation(product)
    const [launch, beta] = [await makeWaitlist(organisation, 'Launch'), await makeWaitlist(organisation, 'Beta')]
    const key = await makeApiKey(organisation)
    for (const [list, email] of [
      [launch, 'ada@example.com'],
      [beta, 'bob@example.com'],
      [launch, 'cyd@example.com'],
    ])
      await asApiKey(product, key.secret).post(`/waitlists/${list}/subscribers`, { email })
    const { page, open, context, complaints } = await startVisit(browser, product, {
      javaScriptEnabled,
      person: organisation.owner,
    })
    const targets = () => page.locator('td[data-label="Target"]').allInnerTexts()

    await open(`/o/${organisation.slug}/activity`)
    expect(await targets()).toHaveLength(7)
    await page.getByRole('link', { name: 'Launch' }).first().click()
    await page.getByText('About Launch only').waitFor()
    expect(await targets()).toEqual(['cyd@example.com · Launch', 'ada@example.com · Launch', 'Launch'])
    await page.getByLabel('Only API keys').check()
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.waitForURL(/only_api_keys=1/)
    expect(await targets()).toEqual(['cyd@example.com · Launch', 'ada@example.com · Launch'])
    expect(await page.getByLabel('Only API keys').isChecked()).toBe(true)

    const colleague = await context.newPage()
    await open(new URL(page.url()).pathname + new URL(page.url()).search, colleague)
    expect(await colleague.locator('td[data-label="Target"]').count()).toBe(2)

    for (const [name, ending, lines] of [
      ['Export these as CSV', 'csv', 3],
      ['Export these as JSON Lines', 'jsonl', 2],
    ] as const) {
      const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name, exact: true }).click(),
      ])
      expect(download.suggestedFilename()).toMatch(new RegExp(`\\.${ending}$`))
      expect(
        readFileSync(await download.path(), 'utf8')
          .trim()
          .split('\n'),
      ).toHaveLength(lines)
    }

    await page.getByRole('link', { name: 'Clear' }).click()
    await page
      .getByRole('link', { name: /Details of exported/ })
      .first()
      .click()
    await page.getByRole('cell', { name: 'only_api_keys' }).waitFor()
    expect(await page.getByRole('row', { name: /target/ }).innerText()).toContain(launch)
    expect(complaints).toEqual([])
    await context.close()
  })
})
