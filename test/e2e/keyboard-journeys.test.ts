import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { totpCode, totpStep } from '../../src/features/accounts/totp.ts'
import { doQueued } from '../bring-file.ts'
import { launchBrowser } from '../browser.ts'
import { makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
import { recoveryCodesIn } from '../two-factor.ts'
import { enter, focused, follow, tabTo, typeInto } from './by-keyboard.ts'
import { startVisit } from './visit.ts'

let product: TestProduct
let browser: Browser
beforeAll(async () => {
  ;[product, browser] = await Promise.all([makeProduct(), launchBrowser()])
})
afterAll(async () => {
  await browser?.close()
  await product?.close()
})

/** Somebody without a mouse, on a page of their organisation. */
async function begin(path: string, options: { acceptDownloads?: boolean } = {}) {
  const organisation = await makeOrganisation(product)
  const visit = await startVisit(browser, product, { person: organisation.owner, ...options })
  await visit.open(path.startsWith('/') ? path : `/o/${organisation.slug}/${path}`)
  const close = async () => {
    expect(visit.complaints).toEqual([])
    await visit.context.close()
  }
  return { ...visit, organisation, close }
}

/** What is told of what was just done. */
const told = (page: Page, text: string | RegExp) => page.getByRole('status').getByText(text).waitFor()

/** Chooses in the list that has the focus. */
async function choose(page: Page, label: string | RegExp, option: string): Promise<void> {
  await tabTo(page, label)
  await page.keyboard.type(option)
}

async function download(page: Page, name: string | RegExp): Promise<Buffer> {
  await tabTo(page, name)
  const [started] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
  return readFileSync(await started.path())
}

it('a waitlist is created, set up, archived and restored by keyboard alone', async () => {
  const { page, close } = await begin('waitlists')
  await follow(page, 'Create your first waitlist')
  await page.keyboard.press('Control+A')
  await page.keyboard.press('Delete')
  await page.keyboard.type(' ')
  await enter(page)
  // Whoever made a mistake is back at the field, which is read with what is wrong.
  expect(await focused(page)).toBe('Name')
  await typeInto(page, { Name: 'Launch' })
  await enter(page)
  await follow(page, 'Set up')
  await typeInto(page, { Description: 'For those who want in first.' })
  await tabTo(page, /^People move ahead/)
  await page.keyboard.press('Space')
  await typeInto(page, { 'Places ahead for each person': '0' })
  await follow(page, 'Save changes')
  expect(await focused(page)).toBe('Places ahead for each person')
  await typeInto(page, { 'Places ahead for each person': '7' })
  await follow(page, 'Save changes')
  await told(page, 'Your changes are saved.')
  await follow(page, 'Archive waitlist')
  expect(await focused(page)).toBe('Cancel')
  await follow(page, 'Archive waitlist', 'Restore it under Set up', 'Restore waitlist')
  await told(page, /restored/)
  await close()
})

it('a person is added, found, looked at, exported and removed by keyboard alone', async () => {
  const { page, open, organisation, close } = await begin('waitlists', { acceptDownloads: true })
  await open(`/o/${organisation.slug}/waitlists/${await makeWaitlist(organisation)}`)
  await follow(page, 'Add subscriber')
  await page.keyboard.type('nobody')
  await enter(page)
  expect(await focused(page)).toBe('E-mail')
  await typeInto(page, { 'E-mail': 'ada@example.com' })
  await enter(page)
  await told(page, /on the list/)
  await typeInto(page, { 'Search by e-mail': 'ada' })
  await enter(page)
  expect(String(await download(page, 'Export these as CSV'))).toContain('ada@example.com')
  await follow(page, 'ada@example.com', 'Remove person')
  expect(await focused(page)).toBe('Cancel')
  await follow(page, 'Remove person')
  await told(page, /removed/)
  await close()
})

it('a file is imported by keyboard alone, but for the system’s own window that chooses it', async () => {
  const { page, open, organisation, close } = await begin('waitlists', { acceptDownloads: true })
  await open(`/o/${organisation.slug}/waitlists/${await makeWaitlist(organisation)}`)
  await follow(page, 'Import CSV')
  // Asked for beforehand: the browser hands the window over only once it has been told to.
  const choosing = page.waitForEvent('filechooser')
  await tabTo(page, 'CSV file')
  await page.keyboard.press('Enter')
  const chooser = await choosing
  const buffer = Buffer.from('Mail,When\nada@example.com,2026-05-01\nnobody,\n')
  await chooser.setFiles({ name: 'people.csv', mimeType: 'text/csv', buffer })
  await follow(page, 'Upload and preview')
  await choose(page, 'Joined', 'None')
  await follow(page, 'Update preview', 'Start import')
  await doQueued(product)
  await told(page, 'The import is done.')
  expect(String(await download(page, 'Download refused rows'))).toContain('nobody')
  await close()
})

it('somebody is invited, made an admin, handed the ownership and left by keyboard alone', async () => {
  const { page, open, organisation, close } = await begin('waitlists')
  const { email } = await makeMember(product, organisation, 'member')
  await open(`/o/${organisation.slug}/members`)
  await typeInto(page, { 'E-mail': 'grace@example.com' })
  await choose(page, 'Role', 'Admin')
  await follow(page, 'Send invitation')
  await told(page, 'The invitation is on its way.')
  await follow(page, /^Send again to/)
  await told(page, 'The invitation is on its way.')
  await follow(page, /^Withdraw/)
  await told(page, /withdrawn/)
  await choose(page, `Role of ${email}`, 'Admin')
  await tabTo(page, /^Change/)
  await enter(page)
  await told(page, 'The role is changed.')
  await follow(page, 'Transfer ownership')
  expect(await focused(page)).toBe('Cancel')
  await tabTo(page, 'New owner', 'Shift+Tab')
  await follow(page, 'Transfer ownership')
  await told(page, /You are an admin now/)
  await follow(page, /^Leave/)
  expect(await focused(page)).toBe('Cancel')
  await follow(page, 'Leave organisation')
  expect(new URL(page.url()).pathname).toBe('/organisations/new')
  await close()
})

it('a person changes their name and password, turns two-factor sign-in on and off and signs out elsewhere by keyboard alone', async () => {
  const { page, organisation, close } = await begin('/account')
  const { owner } = organisation
  const elsewhere = await startVisit(browser, product, { person: owner })
  await page.reload()
  await typeInto(page, { 'Your name': 'Ada' })
  await follow(page, 'Save name')
  await told(page, 'Your name is saved.')
  await follow(page, 'Sign out everywhere else')
  await told(page, 'You are signed out everywhere else.')
  expect(await page.getByRole('status').evaluate((notice) => notice.getBoundingClientRect().top)).toBeGreaterThan(0)
  await typeInto(page, { 'Current password': owner.password, 'New password': 'short' })
  await enter(page)
  expect(await focused(page)).toBe('New password')
  await typeInto(page, { 'New password': 'another long password' })
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.type(owner.password)
  await enter(page)
  await told(page, 'Your password is changed.')

  await follow(page, 'Turn on', 'Show the QR code')
  expect(await focused(page)).toBe('Code')
  const secret = await page.getByLabel('Secret', { exact: true }).inputValue()
  await page.keyboard.type(totpCode(secret, totpStep(new Date())))
  await enter(page)
  const [code = ''] = recoveryCodesIn(await page.getByRole('dialog').innerText())
  await page.keyboard.press('Escape')
  await follow(page, 'Done, I have saved them', 'Turn off')
  await typeInto(page, { Password: 'another long password', Code: code })
  await enter(page)
  await told(page, 'Two-factor sign-in is off.')
  await elsewhere.context.close()
  await close()
})

it('the plan is switched, what happened is filtered and taken along, and the organisation is moved, exported and deleted by keyboard alone', async () => {
  const { page, organisation, close } = await begin('plan', { acceptDownloads: true })
  await follow(page, 'Switch to Team', 'Switch to Team')
  await told(page, 'The plan is Team now.')
  await follow(page, 'Activity')
  await choose(page, 'Action', 'changed the plan')
  await tabTo(page, 'From (UTC)')
  await page.keyboard.type('01012020')
  await follow(page, 'Filter')
  expect(await page.getByRole('table').getByRole('row').count()).toBe(2)
  expect(String(await download(page, 'Export these as CSV'))).toContain('plan.changed')
  await follow(page, /^Details/, 'Plan', 'Organisation settings')
  await typeInto(page, { Address: 'No slug' })
  await enter(page)
  expect(await focused(page)).toBe('Address')
  await typeInto(page, { Address: `moved-${organisation.slug}`.slice(0, 40) })
  await enter(page)
  await told(page, /The address is changed/)
  expect((await download(page, 'Export as ZIP')).subarray(0, 2).toString()).toBe('PK')
  await follow(page, 'Delete organisation')
  expect(await focused(page)).toMatch(/^Type/)
  await page.keyboard.press('Escape')
  await page.waitForEvent('load')
  expect(await focused(page)).toBe('Delete organisation')
  await enter(page)
  await page.keyboard.type(organisation.ctx.organisation.name)
  await enter(page)
  await follow(page, 'Bring it back')
  await told(page, /is back as it was/)
  await close()
})
