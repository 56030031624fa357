import { gzipSync } from 'node:zlib'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page, Response } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { launchBrowser } from '../browser.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { allPages } from './all-pages.ts'
import { furnish, type Place } from './furnish.ts'
import { startVisit, type Visit } from './visit.ts'

const widest = { width: 1600, height: 900 }
const wide = { width: 1280, height: 800 }
/** The narrowest that has tables; below it their rows are cards. */
const tabled = { width: 881, height: 800 }
const tablet = { width: 768, height: 1024 }
const narrow = { width: 390, height: 844 }

let product: TestProduct
let browser: Browser
let place: Place
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
  place = await furnish(product, {
    keys: ['crm-sync', 'analytics-warehouse-of-the-whole-company-in-europe', 'staging-deploy'],
    waitlists: [
      'Spring launch',
      'An-unbroken-name-of-a-waitlist-that-takes-up-all-the-hundred-characters-that-a-name-may-have-at-most',
    ],
    description: 'For those who want in first.',
    organisation: 'Analytical Engines',
    person: 'Ada Lovelace',
    userAgent: 'crm/1.0',
    emails: ['ada@example.com', `${'long-local-part-'.repeat(3)}@${'a-rather-long-domain.'.repeat(5)}example.com`],
  })
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

const people = () => ({
  stranger: undefined,
  owner: place.organisation.owner,
  asleep: place.asleep.owner,
  empty: place.empty.owner,
})

async function visitAs(as: keyof ReturnType<typeof people>, options: { bypassCSP?: boolean } = {}): Promise<Visit> {
  const person = people()[as]
  return startVisit(browser, product, { viewport: wide, ...options, ...(person ? { person } : {}) })
}

it('every page of the product is in the list', () => {
  const routes = createApp(product.services)
    .routes.filter(({ method, path }) => method === 'GET' && !/^\/(assets\/|openapi|docs$)|\.csv$/.test(path))
    .map(({ path }) => path)
  const listed = new Set(allPages(place).map(({ route }) => route))
  expect(routes.filter((route) => !listed.has(route))).toEqual([])
})

describe.each(['stranger', 'owner', 'asleep', 'empty'] as const)('as %s', (as) => {
  it('no page breaks its policy, loads from elsewhere, weighs too much, scrolls sideways or is too small for a finger', async () => {
    const visit = await visitAs(as)
    const { page, open, complaints } = visit
    const found: string[] = []
    for (const { path, status = 200 } of allPages(place).filter((listed) => listed.as === as)) {
      const weights = weigh(page)
      const answered = await open(path)
      if (answered !== status) found.push(`${path} answered ${answered}`)
      const { js, css } = await weights()
      if (js > 60_000 || css > 40_000 || css === 0 || (js === 0) === (await page.$$('script[src]')).length > 0)
        found.push(`${path} loads ${js} B of scripts, ${css} B of styles`)
      for (const viewport of [widest, wide, tabled, tablet, narrow]) {
        await page.setViewportSize(viewport)
        const wideOnes = await page.evaluate(tooWide)
        if (wideOnes.length > 0) found.push(`${path} at ${viewport.width} px: ${wideOnes.join(', ')}`)
      }
      const smallOnes = await page.evaluate(tooSmall)
      if (smallOnes.length > 0) found.push(`${path} is too small for a finger: ${smallOnes.join(', ')}`)
    }
    expect([...found, ...complaints]).toEqual([])
    await visit.context.close()
  })

  it('axe finds nothing, wide and narrow, light and dark', async () => {
    const visit = await visitAs(as, { bypassCSP: true })
    const { page, open } = visit
    const found: string[] = []
    for (const { path } of allPages(place).filter((listed) => listed.as === as)) {
      await open(path)
      found.push(...(await violations(page)).map((violation) => `${path} ${violation}`))
    }
    expect(found).toEqual([])
    await visit.context.close()
  })
})

it('axe finds nothing on a dialog with mistakes, on the key as it is revealed, and on an open phone menu', async () => {
  const visit = await visitAs('empty', { bypassCSP: true })
  const { page, open } = visit
  await open(`/o/${place.empty.slug}/api-keys/new`)
  await page.getByLabel('Name').fill('x'.repeat(51))
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByRole('alert').first().waitFor()
  expect(await violations(page)).toEqual([])
  await page.getByLabel('Name').fill('x'.repeat(50))
  await page.getByLabel(/Read subscribers/).check()
  await page.getByRole('button', { name: 'Create', exact: true }).click()
  await page.getByLabel('API key', { exact: true }).waitFor()
  expect(await violations(page)).toEqual([])
  expect(await page.evaluate(tooWide)).toEqual([])

  await page.setViewportSize(narrow)
  await page.getByRole('link', { name: 'Done, I have copied it' }).click()
  await page.getByRole('button', { name: 'Menu' }).click()
  expect(await violations(page, [narrow])).toEqual([])
  await visit.context.close()
})

it('axe finds nothing on forms with mistakes', async () => {
  const visit = await visitAs('empty', { bypassCSP: true })
  const stranger = await visitAs('stranger', { bypassCSP: true })
  const base = `/o/${place.empty.slug}`
  const found: string[] = []
  for (const [from, path, verb] of [
    [stranger, '/sign-in', 'Sign in'],
    [stranger, '/sign-up', 'Create account'],
    [visit, `${base}/waitlists/new`, 'Create waitlist'],
    [visit, `${base}/members`, 'Send invitation'],
    [visit, `${base}/settings`, 'Save name'],
    [visit, `${base}/settings/delete`, 'Delete organisation'],
    [visit, '/account', 'Change password'],
  ] as const) {
    await from.open(path)
    await from.page.evaluate(() => {
      for (const form of document.forms) form.noValidate = true
      for (const field of document.querySelectorAll<HTMLInputElement>('input.input')) field.value = ''
    })
    await from.page.getByRole('button', { name: verb, exact: true }).click()
    await from.page.locator('[role=alert], .banner.bad').first().waitFor()
    found.push(...(await violations(from.page)).map((violation) => `${path} ${violation}`))
  }
  expect(found).toEqual([])
  await visit.context.close()
  await stranger.context.close()
})

it.each(['no-preference', 'reduce'] as const)(
  'one page fades into the next only where motion is wanted: %s',
  async (reducedMotion) => {
    const { page, open, context } = await startVisit(browser, product, { viewport: wide, reducedMotion })
    await page.addInitScript(() =>
      addEventListener('pagereveal', (event) => {
        document.documentElement.dataset.fades = String(event.viewTransition !== null)
      }),
    )
    await open('/sign-in')
    await page.getByRole('link', { name: 'Create an account' }).click()
    await page.waitForURL('**/sign-up')
    await page.locator('html[data-fades]').waitFor()
    expect(await page.getAttribute('html', 'data-fades')).toBe(String(reducedMotion === 'no-preference'))
    await context.close()
  },
)

/** What axe finds, wide and narrow, light and dark. Colours are all that changes in the dark, so only they are looked at again. */
async function violations(page: Page, sizes = [wide, narrow]): Promise<string[]> {
  const found: string[] = []
  // Brings axe into the page; asked directly it answers in a third of the time.
  await new AxeBuilder({ page }).setLegacyMode(true).withRules('document-title').analyze()
  for (const viewport of sizes) {
    await page.setViewportSize(viewport)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const rules = colorScheme === 'dark' ? ['color-contrast', 'link-in-text-block'] : []
      const seen = await page.evaluate(askAxe, rules)
      found.push(...seen.map((violation) => `${viewport.width} ${colorScheme}: ${violation}`))
    }
  }
  return found
}

/** In the page. No rules are all rules. */
async function askAxe(rules: string[]): Promise<string[]> {
  const { axe } = window as unknown as { axe: { run(options: object): ReturnType<AxeBuilder['analyze']> } }
  const only = rules.length > 0 ? { runOnly: rules } : {}
  const { violations } = await axe.run({ ...only, resultTypes: ['violations'] })
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 90)).join(' | ')}`)
}

/** What reaches past the window so that it scrolls sideways, and what a frame cuts off. */
function tooWide(): string[] {
  const { clientWidth, scrollWidth } = document.documentElement
  const reaching = [...document.querySelectorAll('body *')].filter(
    (element) => scrollWidth > clientWidth && element.getBoundingClientRect().right > clientWidth,
  )
  const cut = [...document.querySelectorAll('.table-wrap, .card, dialog')].filter(
    (element) => element.scrollWidth > element.clientWidth,
  )
  return [...reaching, ...cut].map((element) => element.outerHTML.slice(0, 60))
}

/** What a finger would miss: less than 44 px high, and no link in the middle of a text. */
function tooSmall(): string[] {
  return [...document.querySelectorAll('a, button, input, select, textarea, summary')]
    .map((element) => (element.matches('[type=checkbox]') ? (element.closest('label') ?? element) : element))
    .filter((element) => {
      const { width, height } = element.getBoundingClientRect()
      const isSeen = width > 1 && height > 1 && !element.matches('.skip, thead a')
      return (
        isSeen &&
        Math.round(height) < 44 &&
        !element.matches('p a, li > span a, dd a, .banner a, .prose a, .prose button')
      )
    })
    .map((element) => `${element.outerHTML.slice(0, 60)} ${element.getBoundingClientRect().height}`)
}

/** Adds up what a page loads from now on, compressed as it is sent to most. */
function weigh(page: Page): () => Promise<{ js: number; css: number }> {
  const bodies: { js: Promise<Buffer>[]; css: Promise<Buffer>[] } = { js: [], css: [] }
  const listen = (response: Response) => {
    const type = response.request().resourceType()
    if (type === 'script') bodies.js.push(response.body())
    if (type === 'stylesheet') bodies.css.push(response.body())
  }
  page.on('response', listen)
  const sum = async (kind: Promise<Buffer>[]) =>
    (await Promise.all(kind)).reduce((total, body) => total + gzipSync(body).length, 0)
  return async () => {
    page.off('response', listen)
    return { js: await sum(bodies.js), css: await sum(bodies.css) }
  }
}
