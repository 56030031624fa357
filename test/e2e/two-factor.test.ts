import AxeBuilder from '@axe-core/playwright'
import { sql } from 'kysely'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/features/accounts/totp.ts'
import { launchBrowser } from '../browser.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { password, signUp } from '../people.ts'
import { recoveryCodesIn } from '../two-factor.ts'
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

const codeNow = (secret: string, steps = 0) => totpCode(secret, totpStep(new Date()) + steps)

async function signInAs(page: Page, email: string) {
  await page.goto(`${product.url}/sign-in`)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

async function signOut(page: Page) {
  await page.locator('summary', { hasText: 'Account' }).click()
  await page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await page.getByRole('heading', { name: 'Waitlists your backend can talk to' }).waitFor()
}

it('two-factor sign-in: on, out, in with a code, in with a recovery code, off', async () => {
  const { email } = await signUp(product, 'journey@example.com')
  const visit = await startVisit(browser, product, { person: { email, password } })
  const { page, open } = visit
  await open('/account')
  await page.getByRole('link', { name: 'Turn on' }).click()
  await page.getByRole('button', { name: 'Show the QR code' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('img', { name: 'QR code for your app' }).waitFor()
  const secret = await dialog.getByLabel('Secret', { exact: true }).inputValue()
  await dialog.getByLabel('Code', { exact: true }).fill('000000')
  await dialog.getByRole('button', { name: 'Turn on' }).click()
  await dialog.getByText('This code is not right').waitFor()
  await dialog.getByLabel('Code', { exact: true }).fill(codeNow(secret))
  await dialog.getByRole('button', { name: 'Turn on' }).click()

  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  const codes = recoveryCodesIn(await dialog.innerText())
  expect(codes).toHaveLength(10)
  await page.keyboard.press('Escape')
  expect(await dialog.isVisible()).toBe(true)
  // A reload sends the form again, and shows nothing of it again.
  await page.reload()
  await page.getByText('If you have not saved your recovery codes, make new ones').waitFor()
  const kept = await everythingIn(visit, page)
  for (const shown of [...codes, secret]) expect(kept).not.toContain(shown)
  await page.getByText('10 recovery codes are left').waitFor()

  await signOut(page)
  await signInAs(page, email)
  await page.getByRole('heading', { name: 'Enter your code' }).waitFor()
  expect(await page.getByLabel('Code', { exact: true }).evaluate((field) => field === document.activeElement)).toBe(
    true,
  )
  await page.getByLabel('Code', { exact: true }).fill(codeNow(secret, 1))
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Waitlists', exact: true }).waitFor()

  await signOut(page)
  await signInAs(page, email)
  await page.getByRole('link', { name: 'Use a recovery code instead' }).click()
  await page.getByLabel('Recovery code').fill(codes[0] ?? '')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Waitlists', exact: true }).waitFor()

  await open('/account')
  await page.getByText('9 recovery codes are left').waitFor()
  await page.getByRole('link', { name: 'Turn off' }).click()
  await dialog.getByLabel('Password').fill(password)
  await dialog.getByLabel('Code').fill(codes[1] ?? '')
  await dialog.getByRole('button', { name: 'Turn off' }).click()
  await page.getByText('Two-factor sign-in is off.').waitFor()
  await signOut(page)
  await signInAs(page, email)
  await page.getByRole('heading', { name: 'Waitlists', exact: true }).waitFor()
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it.each(['wide', 'narrow'] as const)('axe finds nothing on its pages and dialogs, %s', async (size) => {
  const { email } = await signUp(product, `axe-${size}@example.com`)
  const viewport = size === 'wide' ? { width: 1280, height: 800 } : { width: 390, height: 844 }
  const visit = await startVisit(browser, product, { person: { email, password }, bypassCSP: true, viewport })
  const { page, open } = visit
  const found: string[] = []
  const look = async (name: string) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze()
      found.push(...violations.map(({ id, nodes }) => `${name} ${colorScheme} ${id}: ${nodes[0]?.html}`))
    }
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    if (overflow > 0) found.push(`${name} scrolls sideways by ${overflow}`)
  }
  await open('/account/two-factor/new')
  await page.getByRole('button', { name: 'Show the QR code' }).click()
  const secret = await page.getByLabel('Secret', { exact: true }).inputValue()
  await look('set up')
  await page.getByLabel('Code', { exact: true }).fill(codeNow(secret))
  await page.getByRole('dialog').getByRole('button', { name: 'Turn on' }).click()
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  await look('recovery codes')
  await page.getByRole('link', { name: 'Done, I have saved them' }).click()
  await look('account')
  await open('/account/two-factor/off')
  await look('off')
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('dialog').getByLabel('Code').fill('1')
  await page.getByRole('dialog').getByRole('button', { name: 'Turn off' }).click()
  await page.getByRole('alert').waitFor()
  await look('off, refused')

  await sql`update sessions set confirmed_at = confirmed_at - interval '11 minutes'`.execute(
    product.database.owner.kysely,
  )
  await open('/account')
  await page.getByRole('button', { name: 'Make new recovery codes' }).click()
  await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
  await look('confirm')
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()

  await visit.context.clearCookies()
  await signInAs(page, email)
  await page.getByRole('heading', { name: 'Enter your code' }).waitFor()
  await look('code')
  await page.getByRole('link', { name: 'Use a recovery code instead' }).click()
  await page.getByLabel('Recovery code').fill('x')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  await look('recovery code, refused')
  expect(found).toEqual([])
  await visit.context.close()
})
