import type { Browser, BrowserContext, Route } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeWaitlist } from '../make.ts'
import { makeBuyer, makeSoldProduct, makeSubscriber, type SoldProduct } from '../sold.ts'
import { lookAt } from './look-at.ts'
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

const stripePage = /^https:\/\/checkout\.stripe\.com\//

/** What Stripe shows: its checkout, and its portal. */
async function playStripe(context: BrowserContext) {
  const show = (body: string) => (route: Route) => route.fulfill({ contentType: 'text/html', body })
  await context.route(stripePage, show('<h1>Pay here</h1>'))
  await context.route(`${sold.stripe.env.STRIPE_API_URL}/p/*`, show('<h1>Cancel here</h1>'))
}

test('the owner chooses a plan, pays at Stripe, and is back on a page that says so; Back never buys again', async () => {
  const { organisation, home } = await makeBuyer(sold)
  const { page, context, open, complaints } = await startVisit(browser, sold.product, { person: organisation.owner })
  await playStripe(context)
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

test('the checkout works without JavaScript: the page in between leads on by itself, and by its link where that fails', async () => {
  const { organisation, home, plans } = await makeBuyer(sold)
  const { page, context, open } = await startVisit(browser, sold.product, {
    person: organisation.owner,
    javaScriptEnabled: false,
  })
  // With an answer that brings no page, the one in between stays.
  let ledOn = 0
  await context.route(stripePage, (route) => {
    ledOn += 1
    return route.fulfill({ status: 204 })
  })
  await open(`${home}/plan`)
  await page.getByRole('button', { name: 'Choose Team' }).click()
  const link = page.getByRole('link', { name: 'Continue to Stripe' })
  await link.waitFor()
  const url = (await link.getAttribute('href')) ?? ''
  await expect.poll(() => ledOn).toBe(1)
  await playStripe(context)
  await link.click()
  await page.getByText('Pay here').waitFor()
  await page.goBack()
  await page.goto(`${sold.product.url}${home}/plan`)
  await page.getByRole('button', { name: 'Choose Team' }).click()
  await page.getByText('Pay here').waitFor()
  expect(page.url()).toBe(url)

  sold.stripe.pay(url)
  await open(`${home}/plan?back=checkout`)
  await page.getByText('Thank you. The plan is Team now.').waitFor()
  expect(await plans()).toEqual(['Stripe: team'])
  await context.close()
})

test('cancelled in the portal it ends on a day, the key falls asleep, and paid for again the same key is awake', async () => {
  const { stripe, product } = sold
  const { organisation, home, key, subscription } = await makeSubscriber(sold)
  const { page, context, open, complaints } = await startVisit(browser, product, { person: organisation.owner })
  await playStripe(context)
  await open(`${home}/plan`)
  const cancel = page.getByRole('link', { name: 'Cancel the subscription' })
  await cancel.click()
  await page.getByText('Your API key falls asleep then').waitFor()
  // By keyboard alone: the focus is back on what opened the question, whose way out comes first.
  const dialog = page.locator('dialog:modal')
  await dialog.waitFor()
  await page.keyboard.press('Escape')
  await page.waitForURL('**/plan#switch-to-free')
  await expect.poll(() => cancel.evaluate((link) => link === document.activeElement)).toBe(true)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/plan/switch/free')
  await dialog.waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await page.getByText('Cancel here').waitFor()
  const { type } = stripe.portals.at(-1)?.flow ?? {}
  expect(type).toBe('subscription_cancel')

  stripe.set(subscription.id, { cancel_at: Date.UTC(2027, 0, 31) / 1_000 })
  await page.goto(stripe.portals.at(-1)?.return_url ?? '')
  await page.getByText('The subscription was cancelled and ends on 31 January 2027; then the plan is Free.').waitFor()
  await page.getByRole('link', { name: 'API keys', exact: true }).click()
  await page.getByRole('heading', { name: 'API keys' }).waitFor()
  expect(await page.getByText('Asleep', { exact: true }).count()).toBe(0)
  const api = asApiKey(product, key.secret)
  expect((await api.get('/key')).status).toBe(200)

  await sold.tell('customer.subscription.deleted', stripe.set(subscription.id, { status: 'canceled' }))
  await page.reload()
  await page.getByRole('row').getByText('Asleep', { exact: true }).waitFor()
  expect((await api.get('/key')).status).toBe(403)
  await page.getByRole('link', { name: 'Waitlists', exact: true }).click()
  await page.getByText('The API key is asleep and answers 403 while the plan is Free.').waitFor()
  await page.getByRole('link', { name: 'Go to the Plan page' }).click()
  await page.getByRole('button', { name: 'Choose Pro' }).click()
  await page.waitForURL(stripePage)
  stripe.pay(page.url())
  await page.goto([...stripe.sessions.values()].at(-1)?.success_url ?? '')
  await page.getByText('Thank you. The plan is Pro now.').waitFor()
  await page.getByRole('link', { name: 'API keys', exact: true }).click()
  await page.getByRole('table', { name: 'Active keys' }).waitFor()
  expect(await page.getByText('asleep').count()).toBe(0)
  expect((await api.get('/key')).status).toBe(200)
  expect(complaints.filter((complaint) => !complaint.startsWith('a request to '))).toEqual([])
  await context.close()
})

test('the Plan page is fit to be used in each state, and so is the page on the way to Stripe', async () => {
  const bought = await makeSubscriber(sold, 'team')
  const { page, context, open } = await startVisit(browser, sold.product, {
    person: bought.organisation.owner,
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
    found.push(...(await lookAt(page, `plan ${name}`)))
    if (name !== 'in grace') continue
    // Above every other page, too.
    await open(`${bought.home}/waitlists`)
    found.push(...(await lookAt(page, `${name}, waitlists`)))
  }
  await becomes({ status: 'active' })
  for (const plan of ['free', 'pro']) {
    await open(`${bought.home}/plan/switch/${plan}`)
    found.push(...(await lookAt(page, `question, ${plan}`)))
  }
  // With an answer that brings no page, the one on the way stays.
  await context.route(`${sold.stripe.env.STRIPE_API_URL}/p/*`, (route) => route.fulfill({ status: 204 }))
  await page.getByRole('dialog').getByRole('button').click()
  await page.getByRole('link', { name: 'Continue to Stripe' }).waitFor()
  found.push(...(await lookAt(page, 'on to Stripe')))
  expect(found).toEqual([])
  await context.close()
}, 60_000)
