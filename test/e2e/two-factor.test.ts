import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/features/accounts/totp.ts'
import { launchBrowser } from '../browser.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { password, signUp } from '../people.ts'
import { recoveryCodesIn } from '../two-factor.ts'
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

const codeNow = (secret: string, steps = 0) => totpCode(secret, totpStep(new Date()) + steps)

async function signInAs(page: Page, email: string) {
  await page.goto(`${product.url}/sign-in`)
  await page.getByLabel('E-mail').fill(email)
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
  expect(await lookAt(page, 'account with two-factor sign-in')).toEqual([])

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
