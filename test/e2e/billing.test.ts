import { mkdirSync } from 'node:fs'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../browser.ts'
import { makeWaitlist } from '../make.ts'
import { makeBuyer, makeSoldProduct, makeSubscriber, type SoldProduct } from '../sold.ts'
import { startVisit } from './visit.ts'

let sold: SoldProduct
let browser: Browser
beforeAll(async () => {
  ;[sold, browser] = await Promise.all([makeSoldProduct({ BILLING_GRACE_DAYS: '3' }), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await sold?.close()
})

test('the owner chooses a plan, pays at Stripe, and is back on a page that says so; Back never buys again', async () => {
  const { organisation, home } = await makeBuyer(sold)
  const { page, context, open, complaints } = await startVisit(browser, sold.product, { person: organisation.owner })
  const stripePage = /^https:\/\/checkout\.stripe\.com\//
  await context.route(stripePage, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Pay here</h1>' }))
  await open(`${home}/plan`)
  await page.getByRole('button', { name: 'Choose Pro' }).click()
  await page.waitForURL(stripePage)
  await page.goBack()
  await page.waitForURL(`**${home}/plan`)
  await page.getByRole('button', { name: 'Choose Pro' }).click()
  await page.waitForURL(stripePage)
  expect([...sold.stripe.sessions.values()]).toHaveLength(1)

  sold.stripe.pay(page.url())
  await page.goto([...sold.stripe.sessions.values()][0]?.success_url ?? '')
  await page.getByText('Thank you. The plan is Pro now.').waitFor()
  await page.getByRole('link', { name: 'API keys' }).waitFor()
  expect(complaints.filter((complaint) => !/^a request to https:\/\/checkout/.test(complaint))).toEqual([])
  await context.close()
})

test('the Plan page in each state: axe finds nothing, nothing scrolls sideways, light and dark', async () => {
  const bought = await makeSubscriber(sold, 'team')
  const { page, context, open } = await startVisit(browser, sold.product, {
    person: bought.organisation.owner,
    bypassCSP: true,
  })
  await makeWaitlist(bought.organisation, 'Spring')
  await makeWaitlist(bought.organisation, 'Autumn')
  const becomes = async (change: Parameters<typeof sold.stripe.set>[1]) =>
    sold.tell('customer.subscription.updated', sold.stripe.set(bought.subscription.id, change))
  const states: [string, () => Promise<unknown>][] = [
    ['active', () => becomes({ status: 'active' })],
    ['ending', () => becomes({ cancel_at: Date.UTC(2027, 0, 31) / 1_000 })],
    ['in grace', () => becomes({ status: 'past_due', cancel_at: null })],
    ['unpaid', () => becomes({ status: 'unpaid' })],
    ['over', () => becomes({ status: 'canceled' })],
  ]
  const found: string[] = []
  for (const [name, enter] of states) {
    await enter()
    await open(`${bought.home}/plan`)
    found.push(...(await mistakesOf(page, name)))
    if (name !== 'in grace') continue
    // Above every other page, too.
    await open(`${bought.home}/waitlists`)
    found.push(...(await mistakesOf(page, `${name}, waitlists`)))
  }
  expect(found).toEqual([])
  await context.close()
}, 60_000)

async function mistakesOf(page: Page, name: string): Promise<string[]> {
  const found: string[] = []
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 844 })
    const isWide = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    )
    if (isWide) found.push(`${name} scrolls sideways at ${width} px`)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
      found.push(...violations.map(({ id, nodes }) => `${name} ${width} ${colorScheme} ${id}: ${nodes[0]?.html}`))
      if (process.env.PICTURES) {
        mkdirSync(process.env.PICTURES, { recursive: true })
        await page.screenshot({ path: `${process.env.PICTURES}/${name}-${width}-${colorScheme}.png`, fullPage: true })
      }
    }
  }
  return found
}
