import { gzipSync } from 'node:zlib'
import type { Browser, Page, Response } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../src/app.tsx'
import { launchBrowser } from '../browser.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { allForms, noForms } from './all-forms.ts'
import { allPages, noPages, type Who } from './all-pages.ts'
import { furnish, type Place } from './furnish.ts'
import { askAxeOnce, lookAt } from './look-at.ts'
import { sendForm } from './send-form.ts'
import { startVisit, type Visit } from './visit.ts'

let product: TestProduct
let browser: Browser
let place: Place
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
  place = await furnish(product, {
    keys: ['crm-sync', 'מפתח ל־CRM 🚀 (ראשי)', 'analytics-warehouse-of-the-whole-company-in-europe', 'staging-deploy'],
    waitlists: [
      'Spring launch',
      'An-unbroken-name-of-a-waitlist-that-takes-up-all-the-hundred-characters-that-a-name-may-have-at-most',
    ],
    description: 'For those who want in first.',
    organisation: 'Analytical Engines',
    person: 'عائشة (Ada) 👩🏽‍🔬',
    userAgent: 'crm/1.0',
    emails: ['ada@example.com', `${'long-local-part-'.repeat(3)}@${'a-rather-long-domain.'.repeat(5)}example.com`],
  })
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

async function visitAs(as: Who): Promise<Visit> {
  const { organisation, asleep, empty, guarded, member } = place
  const people = { owner: organisation.owner, asleep: asleep.owner, empty: empty.owner, guarded: guarded.owner, member }
  return startVisit(browser, product, as === 'stranger' ? {} : { person: people[as] })
}

it('every page of the product is in the list, and every form that answers with one', () => {
  const { routes } = createApp(product.services)
  const paths = (method: string) => [
    ...new Set(
      routes.filter((route) => route.method === method && !route.path.startsWith('/assets/')).map(({ path }) => path),
    ),
  ]
  const pages = new Set(allPages(place).map(({ route }) => route))
  const forms = new Set(allForms(product, place).map(({ route }) => route))
  const missing = (method: string, listed: Set<string>, excused: Record<string, string>) =>
    paths(method).filter((path) => listed.has(path) === Object.hasOwn(excused, path))
  expect(missing('GET', pages, noPages)).toEqual([])
  expect(missing('POST', forms, noForms)).toEqual([])
  expect(paths('PUT').concat(paths('PATCH'), paths('DELETE'))).toEqual([])
  // And nothing is excused that is not there.
  const all = [...paths('GET'), ...paths('POST')]
  expect([...Object.keys(noPages), ...Object.keys(noForms)].filter((path) => !all.includes(path))).toEqual([])
})

describe.each(['owner', 'member', 'asleep', 'empty', 'guarded', 'stranger'] as const)('as %s', (as) => {
  it('every page is fit to be used: by eye, finger and keyboard, in every width, by day and night, within its policy and weight', async () => {
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
      found.push(...(await lookAt(page, `${as} ${path}`)))
    }
    expect([...found, ...complaints]).toEqual([])
    await visit.context.close()
  }, 240_000)

  it('every answer to a form is', async () => {
    const visit = await visitAs(as)
    const { page, open, complaints } = visit
    const found: string[] = []
    for (const form of allForms(product, place).filter((listed) => listed.as === as)) {
      if (form.from) await open(form.from)
      const answered = await sendForm(page, form)
      if (answered !== form.status) found.push(`${form.route} answered ${answered}`)
      found.push(...(await lookAt(page, `${as} ${form.route} ${form.status}`)))
    }
    expect([...found, ...complaints]).toEqual([])
    await visit.context.close()
  }, 240_000)
})

it.each([
  ['internal', 500, new Error('a bug')],
  ['unavailable', 503, Object.assign(new Error('away'), { code: 'ECONNREFUSED' })],
])('and so is the page for what fails: %s', async (_, status, error) => {
  const { page, open, context } = await visitAs('stranger')
  const failing = vi.spyOn(product.services.db, 'run').mockRejectedValue(error)
  expect(await open(place.status)).toBe(status)
  failing.mockRestore()
  expect(await lookAt(page, String(status))).toEqual([])
  await context.close()
})

it('the menu of a phone is, too', async () => {
  const { page, open, context } = await visitAs('empty')
  await page.setViewportSize({ width: 390, height: 844 })
  await open(`/o/${place.empty.slug}/waitlists`)
  await page.getByRole('button', { name: 'Menu' }).click()
  expect(await askAxeOnce(page)).toEqual([])
  await context.close()
})

it.each(['no-preference', 'reduce'] as const)(
  'one page fades into the next only where motion is wanted: %s',
  async (reducedMotion) => {
    const { page, open, context } = await startVisit(browser, product, { reducedMotion })
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
