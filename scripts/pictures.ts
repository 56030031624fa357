import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../test/browser.ts'

/**
 * Pictures of every page of a running demo, light and dark, wide and narrow, to be looked at; and what axe finds on them.
 * Usage: node scripts/pictures.ts URL EMAIL PASSWORD FOLDER
 */
const [url = '', email = '', password = '', folder = ''] = process.argv.slice(2)
if (!folder) throw new Error('usage: node scripts/pictures.ts URL EMAIL PASSWORD FOLDER')
mkdirSync(folder, { recursive: true })

const looks = [
  { name: 'light-1280', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'dark-1280', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: 'light-390', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'dark-390', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const

const browser = await launchBrowser()
try {
  for (const look of looks) await takeAll(browser, look)
} finally {
  await browser.close()
}

async function takeAll(browser: Browser, { name: look, ...options }: (typeof looks)[number]): Promise<void> {
  // axe runs in the page, which the page's own policy would not allow.
  const context = await browser.newContext({ ...options, bypassCSP: true, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const take = (name: string, path?: string) => picture(page, look, name, path)

  await take('home', '/')
  await take('sign-up', '/sign-up')
  await page.goto(`${url}/sign-in`)
  await take('sign-in')
  await page.fill('[name=email]', email)
  await page.fill('[name=password]', password)
  await page.click('main button[type=submit]')
  await page.waitForURL('**/waitlists')
  const organisation = page
    .url()
    .replace(/\/waitlists$/, '')
    .slice(url.length)

  await take('waitlists')
  await take('waitlist-new', `${organisation}/waitlists/new`)
  await page.goto(`${url}${organisation}/waitlists`)
  const waitlist = (await page.getAttribute('td.name a', 'href')) ?? ''
  await take('subscribers', waitlist)
  await take('subscriber-add', `${waitlist}/add`)
  await take('nobody-found', `${waitlist}?q=zzzz`)
  await take('setup', `${waitlist}/setup`)
  await take('archive', `${waitlist}/archive`)

  await take('api-keys', `${organisation}/api-keys`)
  await take('api-key-new', `${organisation}/api-keys/new`)
  await page.fill('[name=name]', `crm-sync ${look}`)
  await page.click('dialog button[type=submit]')
  await take('api-key-mistake')
  await page.check('[value="subscribers:read"]')
  await page.check('[value="subscribers:write"]')
  await page.click('dialog button[type=submit]')
  await page.waitForSelector('#api-key')
  await take('api-key-reveal')
  await page.goto(`${url}${organisation}/api-keys`)
  await page.click('td.actions a')
  await take('api-key-revoke')
  await page.click('dialog button[type=submit]')
  await page.waitForURL('**/api-keys?*')
  await take('api-key-revoked')

  await take('activity', `${organisation}/activity`)
  await page.click('td.actions a')
  await take('activity-details')
  await take('members', `${organisation}/members`)
  await take('plan', `${organisation}/plan`)
  await take('account', '/account')
  await take('not-found', '/nowhere')
  await take('docs', '/docs/getting-started')
  await take('docs-subscribers', '/docs/subscribers')
  await take('docs-errors', '/docs/errors')
  await take('docs-error', '/docs/errors/rate_limited')
  await take('docs-api', '/docs/api')
  await takeFreshOrganisation(page, take)
  // The next sign-in leads to the organisation that was seen last.
  await page.goto(`${url}${organisation}/waitlists`)
  await context.close()
}

/** What an organisation looks like that has nothing yet, and then keys that are asleep. */
async function takeFreshOrganisation(page: Page, take: (name: string, path?: string) => Promise<void>): Promise<void> {
  await take('organisation-new', '/organisations/new')
  await page.fill('[name=name]', 'Northwind')
  await page.click('main button[type=submit]')
  await page.waitForURL('**/waitlists')
  await take('waitlists-empty')
  const organisation = new URL(page.url()).pathname.replace(/\/waitlists$/, '')
  await take('api-keys-empty', `${organisation}/api-keys`)
  for (const name of ['crm-sync', 'analytics-warehouse']) {
    await page.goto(`${url}${organisation}/api-keys/new`)
    await page.fill('[name=name]', name)
    await page.check('[value="subscribers:read"]')
    await page.click('dialog button[type=submit]')
    await page.waitForSelector('#api-key')
  }
  await take('plan-switch', `${organisation}/plan/switch/free`)
  await page.click('dialog button[type=submit]')
  await page.waitForURL('**/plan?*')
  await take('plan-asleep')
  await take('api-keys-asleep', `${organisation}/api-keys`)
  await take('settings', `${organisation}/settings`)
}

async function picture(page: Page, look: string, name: string, path?: string): Promise<void> {
  if (path !== undefined) await page.goto(url + path)
  await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: !(await page.$('dialog[open]')) })
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  if (overflow > 0) console.log(`${name} ${look}: scrolls sideways by ${overflow} px`)
  const { violations } = await new AxeBuilder({ page }).analyze()
  for (const { id, nodes } of violations) {
    console.log(
      `${name} ${look}: ${id}: ${nodes
        .map((node) => node.html.slice(0, 120))
        .slice(0, 3)
        .join(' | ')}`,
    )
  }
}
