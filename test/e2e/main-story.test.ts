import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeProduct, type TestProduct } from '../make.ts'
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

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const link = (page: Page, name: string | RegExp) => page.getByRole('link', { name })

describe.each([{ javaScriptEnabled: true }, { javaScriptEnabled: false }])('with %o', ({ javaScriptEnabled }) => {
  it('a stranger signs up, mints a key, uses it, finds it in the log and revokes it', async () => {
    const visit = await startVisit(browser, product, { javaScriptEnabled })
    const { page, open } = visit
    const email = `ada-${javaScriptEnabled ? 'js' : 'plain'}@example.com`

    await open('/sign-up')
    await page.getByLabel('E-mail').fill(email)
    await page.getByLabel('Password').fill('a long enough password')
    await button(page, 'Create account').click()
    await page.waitForURL(/\/o\/[^/]+\/waitlists$/)

    await link(page, 'Create your first waitlist').click()
    await page.getByLabel('Name').fill('Spring launch')
    await button(page, 'Create waitlist').click()
    await page.waitForURL(/\/waitlists\/wl_\w+$/)
    const waitlist = page.url().split('/').at(-1) ?? ''

    await link(page, 'API keys').click()
    await link(page, 'Create your first key').click()
    await page.getByLabel('Name').fill('crm-sync 🚀')
    await button(page, 'Create').click()
    // A mistake is told beside its field, and what was typed stays.
    const permissions = page.getByRole('group', { name: 'Permissions' })
    await permissions.getByRole('alert').waitFor()
    expect(await page.getByLabel('Name').inputValue()).toBe('crm-sync 🚀')
    await page.getByLabel(/Read subscribers/).check()
    await page.getByLabel(/Create subscribers/).check()
    await button(page, 'Create').click()
    await page.getByRole('dialog', { name: 'crm-sync' }).getByText('only time it is shown').waitFor()
    const key = await page.getByLabel('API key', { exact: true }).inputValue()
    expect(key).toMatch(/^qu_live_[0-9A-Za-z]{20,}$/)
    expect(await page.getByRole('group', { name: 'Try it' }).innerText()).toContain(`Bearer ${key}`)

    const api = asApiKey(product, key)
    const created = await api.post(`/waitlists/${waitlist}/subscribers`, { email: 'grace@example.com' })
    expect(created.status).toBe(201)
    const listed = await api.get(`/waitlists/${waitlist}/subscribers`)
    expect([listed.status, listed.text.includes('grace@example.com')]).toEqual([200, true])

    await link(page, 'Done, I have copied it').click()
    await page.waitForURL(/\/api-keys\?created=/)
    const secret = key.slice('qu_live_'.length + 4)
    const keysUrl = page.url()
    const row = page.getByRole('table', { name: 'Active keys' }).getByRole('row', { name: /crm-sync/ })
    expect(await row.innerText()).toMatch(/Full access.*qu_live_\w{4}…/s)
    await page.reload()
    expect(await everythingIn(visit, page)).not.toContain(secret)
    // Back as far as the story goes: where a form was answered, the browser has kept nothing to show.
    for (let i = 0; i < 3; i++) {
      await page.goBack().catch(() => undefined)
      await expect.poll(() => page.content().catch(() => secret)).not.toContain(secret)
    }
    await page.goto(keysUrl)
    const second = await visit.context.newPage()
    await second.goto(keysUrl)
    expect(await everythingIn(visit, second)).not.toContain(secret)
    expect(await (await visit.context.request.get(keysUrl)).text()).not.toContain(secret)
    await second.close()

    await link(page, 'Activity').click()
    const log = page.getByRole('table', { name: 'Activity' })
    const byPerson = log.getByRole('row', { name: 'created an API key' })
    expect(await byPerson.innerText()).toContain(email)
    expect(await byPerson.innerText()).toContain('crm-sync 🚀')
    const byKey = log.getByRole('row', { name: 'added a subscriber' })
    expect(await byKey.getByText('API key', { exact: true }).count()).toBe(1)
    expect(await byKey.innerText()).toMatch(/crm-sync 🚀.*grace@example.com/s)

    await link(page, 'API keys').click()
    // Use is written behind the answers.
    const lastUsed = async () => {
      await page.reload()
      return row.locator('[data-label="Last used"]').innerText()
    }
    await expect.poll(lastUsed, { timeout: 10_000 }).toContain('just now')
    await row.getByRole('link', { name: 'Revoke' }).click()
    const question = page.getByRole('dialog', { name: 'Revoke “crm-sync 🚀”?' })
    expect(await question.innerText()).toMatch(/was last used\s+just now/)
    await question.getByRole('button', { name: 'Revoke key' }).click()
    await page.getByRole('status').filter({ hasText: 'crm-sync 🚀” is revoked' }).waitFor()
    expect((await api.get('/key')).status).toBe(401)

    expect(await row.count()).toBe(0)
    await page.getByText('Revoked keys (1)').click()
    const revoked = page.getByRole('table', { name: 'Revoked keys' }).getByRole('row', { name: /crm-sync/ })
    expect(await revoked.innerText()).toContain(email)
    await link(page, 'Activity').click()
    expect(await log.getByRole('row', { name: 'revoked an API key' }).innerText()).toContain('crm-sync 🚀')
    expect(await byPerson.count()).toBe(1)
    expect(await byKey.innerText()).toContain('crm-sync 🚀')
    expect(await everythingIn(visit, page)).not.toContain(secret)

    expect(visit.complaints).toEqual([])
    await visit.context.close()
  })
})
