import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launchBrowser } from '../browser.ts'
import { makeProduct, type TestProduct } from '../make.ts'
import { mailedPath, password, signUp } from '../people.ts'
import { lookAt } from './look-at.ts'
import { startVisit } from './visit.ts'

let plain: TestProduct
let mailing: TestProduct
let browser: Browser
beforeAll(async () => {
  ;[plain, browser] = await Promise.all([makeProduct(), launchBrowser()])
  mailing = await makeProduct({ SMTP_URL: 'smtp://127.0.0.1:1' }, plain)
  await signUp(plain, 'first@example.com')
})
afterAll(async () => {
  await browser?.close()
  await mailing?.close()
  await plain?.close()
})

it('an account from before mails were sent confirms its address at the next sign-in', async () => {
  const { email } = await signUp(plain, 'from-before@example.com')
  const { page, open, complaints } = await startVisit(browser, mailing)
  await open('/sign-in')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: 'Confirm your email address' }).waitFor()
  expect(await lookAt(page, 'confirm address, mailed')).toEqual([])

  await open(await mailedPath(plain, email, 'reset-password'))
  await page.getByRole('heading', { name: 'Confirm your email address' }).waitFor()
  expect(await lookAt(page, 'confirm address')).toEqual([])
  await page.getByRole('button', { name: 'Confirm and sign in' }).click()
  await page.waitForURL(/\/waitlists$/)
  expect(complaints).toEqual([])
})
