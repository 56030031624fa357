import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../browser.ts'
import { reportFigure } from '../figures.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { allPages } from './all-pages.ts'
import { furnish, type Place } from './furnish.ts'
import { startVisit } from './visit.ts'

/** Each breaks out of another place in a page: text, an attribute, a title, a text area, a comment, an address, a script. */
const markup = [
  '<script>trap()</script>',
  '"><img src=x onerror=trap()>',
  "'><svg/onload=trap()>",
  '</title><script>trap()</script>',
  '</textarea><img src=x onerror=trap()>',
  '</pre></dialog><svg onload=trap()>',
  '" autofocus onfocus=trap() x="',
  '--><script>trap()</script><!--',
  '&lt;img src=x onerror=trap()&gt;',
  '<a href=javascript:trap()>x</a>',
  "';trap();//",
  '`#{trap()}`{{trap()}}<%=trap()%>',
]
const all = markup.join(' ')
// What a local part may hold beside letters, and the nearest that it comes to markup.
const emails = ["'-trap-'x@example.com", '{{trap}}@example.com', '`#{trap}`@example.com', '&lt=trap/*@example.com']

let product: TestProduct
let browser: Browser
let place: Place
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
  place = await furnish(product, {
    keys: markup,
    waitlists: markup,
    description: `${all}\n${all}`,
    organisation: '<script>trap()</script>"><img src=x onerror=trap()>',
    person: "'><svg/onload=trap()></title><script>trap()</script>",
    userAgent: all,
    emails,
  })
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

it('what people write runs on no page, even where no policy would stop it', async () => {
  const visit = await startVisit(browser, product, { bypassCSP: true, person: place.organisation.owner })
  const { page, context, open, complaints } = visit
  await context.addInitScript(() => {
    Object.assign(window, { trap: () => reportError(new Error('the trap was called')) })
  })
  const found: string[] = []
  const own = allPages(place).filter(({ as }) => as === 'owner' || as === 'stranger')
  const rows = await product.database.owner.kysely
    .selectFrom('activities')
    .select((eb) => eb.fn.max<number>('number').as('number'))
    .where('organisation_id', '=', place.organisation.id)
    .groupBy('action')
    .execute()
  const details = rows.map(({ number }) => `/o/${place.organisation.slug}/activity/${number}`)
  expect(details.length).toBeGreaterThan(10)
  for (const path of [...own.map(({ path }) => path), ...details]) {
    await open(path)
    found.push(...(await page.evaluate(strangeElements)).map((element) => `${path}: ${element}`))
  }
  expect([...found, ...complaints]).toEqual([])
  await context.close()
})

it('they are shown as they were written', async () => {
  const { page, context, open } = await startVisit(browser, product, { person: place.organisation.owner })
  const base = `/o/${place.organisation.slug}`
  await open(`${base}/api-keys`)
  const keys = await page.getByRole('table', { name: 'Active keys' }).locator('td.name').allInnerTexts()
  expect(keys.sort()).toEqual(markup.slice(0, -1).sort())
  await open(`${base}/waitlists`)
  const waitlists = await page.getByRole('table').getByRole('link').allInnerTexts()
  expect(waitlists).toEqual(expect.arrayContaining(markup))
  await open(`${base}/waitlists/${place.waitlistId}`)
  expect(await page.getByRole('table').locator('td.name').allInnerTexts()).toEqual(emails)
  expect(await page.title()).toContain('<script>trap()</script>')
  await open(`${base}/waitlists/${place.waitlistId}/setup`)
  expect(await page.getByLabel('Description').inputValue()).toBe(`${all}\n${all}`)
  await context.close()
})

it('what an address or a form carries runs nowhere either', async () => {
  const visit = await startVisit(browser, product, { bypassCSP: true })
  const { page, context, open, complaints } = visit
  await context.addInitScript(() => {
    Object.assign(window, { trap: () => reportError(new Error('the trap was called')) })
  })
  const base = `/o/${place.organisation.slug}`
  const found: string[] = []
  const visitAll = async (addresses: (sent: string) => string[]) => {
    for (const text of [all, ...markup.slice(0, 3)]) {
      for (const address of addresses(encodeURIComponent(text))) {
        await open(address)
        found.push(...(await page.evaluate(strangeElements)).map((element) => `${address}: ${element}`))
      }
    }
  }
  await visitAll((sent) => [`/sign-up?email=${sent}`, `/sign-in?next=${sent}`, `/${sent}`, `/docs/errors/${sent}`])
  // Signing in leads nowhere but into the product.
  for (const next of [
    'javascript:trap()',
    '//example.com/',
    'https://example.com/',
    '/\\example.com',
    '/%09/example.com',
  ]) {
    await context.clearCookies()
    await open(`/sign-in?next=${encodeURIComponent(next)}`)
    await page.getByLabel('E-mail').fill(place.organisation.owner.email)
    await page.getByLabel('Password').fill(place.organisation.owner.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.waitForURL((url) => url.pathname !== '/sign-in')
    expect(page.url().startsWith(`${product.url}/`)).toBe(true)
  }
  await visitAll((sent) => [
    `${base}/waitlists/${place.waitlistId}?q=${sent}&done=${sent}`,
    `${base}/activity?action=${sent}&actor=${sent}&from=${sent}`,
    `${base}/api-keys?revoked=${sent}`,
  ])
  for (const text of markup) {
    await open(`${base}/api-keys/new`)
    await page.getByLabel('Name').fill(text)
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('alert').first().waitFor()
    expect(await page.getByLabel('Name').inputValue()).toBe(text)
    found.push(...(await page.evaluate(strangeElements)))
  }
  expect([...found, ...complaints]).toEqual([])
  await context.close()
})

it('no page can be framed by another site, so that nobody presses what they do not see', async () => {
  const { page, context } = await startVisit(browser, product, { person: place.organisation.owner })
  // The same machine under another name is another site to a browser.
  const paths = [...new Set(allPages(place).map(({ path }) => path))].filter((path) => path !== '/favicon.ico')
  const other = createServer((_, answer) => void answer.setHeader('Content-Type', 'text/html').end('<body>'))
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
  const shown: string[] = []
  for (const path of paths) {
    await page.evaluate(async (src) => {
      const frame = document.createElement('iframe')
      const done = new Promise((resolve) => frame.addEventListener('load', resolve))
      frame.src = src
      document.body.replaceChildren(frame)
      await done
    }, product.url + path)
    shown.push(
      ...page
        .frames()
        .slice(1)
        .filter((frame) => frame.url().startsWith(product.url))
        .map(() => path),
    )
  }
  expect(shown).toEqual([])
  expect(paths.length).toBeGreaterThan(60)
  // The search sees: what forbids nothing is there.
  await page.evaluate((src) => {
    const frame = document.createElement('iframe')
    frame.src = src
    document.body.replaceChildren(frame)
  }, `${product.url}/openapi.json`)
  await expect
    .poll(() =>
      page
        .frames()
        .slice(1)
        .map((frame) => frame.url()),
    )
    .toEqual([`${product.url}/openapi.json`])
  reportFigure('pages framed by another site, none shown', paths.length)
  await context.close()
  other.close()
})

/** Elements and attributes that no page of ours has: what somebody wrote has become markup. */
function strangeElements(): string[] {
  const strange = [...document.querySelectorAll('img, iframe, object, embed, style, script:not([src^="/assets/"])')]
  const handlers = [...document.querySelectorAll('*')].filter((element) =>
    element
      .getAttributeNames()
      .some((name) => name.startsWith('on') || element.getAttribute(name)?.startsWith('javascript:')),
  )
  return [...strange, ...handlers].map((element) => element.outerHTML.slice(0, 100))
}
