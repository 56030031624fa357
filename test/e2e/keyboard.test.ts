import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { archiveWaitlist } from '../../src/features/waitlists/archive-waitlist.ts'
import { asApiKey } from '../as.ts'
import { launchBrowser } from '../browser.ts'
import { makeMember, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
import { enter, focused, tabTo } from './by-keyboard.ts'
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

const focusIsInDialog = (page: Page) =>
  page.evaluate(() => document.activeElement?.closest('dialog') !== null || document.activeElement === document.body)

it('a key is created, copied and revoked by keyboard alone', async () => {
  const organisation = await makeOrganisation(product)
  const visit = await startVisit(browser, product, { person: organisation.owner })
  const { page, open } = visit
  await open(`/o/${organisation.slug}/waitlists`)

  // The first thing is the way past the nav.
  await page.keyboard.press('Tab')
  expect(await focused(page)).toBe('Skip to content')
  await tabTo(page, 'API keys')
  await enter(page)
  await tabTo(page, 'Create key')
  await enter(page)

  expect(await page.title()).toMatch(/^Create an API key · API keys · /)
  // Focus goes in, stays in, and Escape brings it back to where it came from.
  expect(await focused(page)).toBe('Name')
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab')
    expect(await focusIsInDialog(page)).toBe(true)
  }
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Escape')])
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(await focused(page)).toBe('Create key')
  await enter(page)

  await page.keyboard.type('deploy')
  await enter(page)
  // Nothing was ticked: the first box has the focus, and its problem is read with it.
  expect(await focused(page)).toMatch(/^Read subscribers/)
  await page.keyboard.press('Space')
  await tabTo(page, /^Create subscribers/)
  await page.keyboard.press('Space')
  await tabTo(page, 'Create')
  await enter(page)
  expect(await focused(page)).toBe('API key')
  const key = await page.evaluate(() => String(getSelection()) || (document.activeElement as HTMLInputElement).value)
  expect((await asApiKey(product, key).get('/key')).status).toBe(200)
  await tabTo(page, 'Done, I have copied it')
  await enter(page)

  await tabTo(page, 'Revoke deploy')
  await enter(page)
  // The harmless way out has the focus.
  expect(await focused(page)).toBe('Cancel')
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Escape')])
  expect(await focused(page)).toBe('Revoke deploy')
  await enter(page)
  await tabTo(page, 'Revoke key')
  await page.addInitScript(() =>
    addEventListener('DOMContentLoaded', () => {
      const [text] = document.querySelector('.banner[role="status"]')?.childNodes ?? []
      if (text) document.documentElement.dataset.marked = String(Object.assign(text, { cameWithPage: true }))
    }),
  )
  await enter(page)
  await page.getByRole('status').filter({ hasText: 'is revoked' }).waitFor()
  // A screen reader tells what is put there while it listens, not what came with the page.
  await page.waitForFunction(() => {
    const [text] = document.querySelector('.banner[role="status"]')?.childNodes ?? []
    return document.documentElement.dataset.marked && text && !('cameWithPage' in text)
  })
  expect((await asApiKey(product, key).get('/key')).status).toBe(401)

  await tabTo(page, /^Revoked keys/)
  await page.keyboard.press('Enter')
  expect(await page.getByRole('table', { name: 'Revoked keys' }).isVisible()).toBe(true)
  expect(visit.complaints).toEqual([])
  await visit.context.close()
})

it('a link within what is told keeps the focus while it is told', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  await archiveWaitlist(organisation.ctx, waitlist)
  const visit = await startVisit(browser, product, { person: organisation.owner })
  const { page, open } = visit
  await page.addInitScript(() =>
    addEventListener('DOMContentLoaded', () => {
      const notice = document.querySelector('.banner[role="status"]')
      if (notice?.firstChild) Object.assign(notice.firstChild, { cameWithPage: true })
      notice?.querySelector('a')?.focus()
    }),
  )
  await open(`/o/${organisation.slug}/waitlists/${waitlist}`)
  await page.waitForFunction(() => {
    const text = document.querySelector('.banner[role="status"]')?.firstChild
    return text && !('cameWithPage' in text)
  })
  expect(await focused(page)).toBe('Restore it under Set up')
  await visit.context.close()
})

it('every dialog takes the focus in and gives it back to what opened it', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const member = await makeMember(product, organisation, 'member')
  const visit = await startVisit(browser, product, { person: organisation.owner })
  const { page, open } = visit
  const dialogs = [
    ['waitlists', 'Create waitlist'],
    [`waitlists/${waitlist}`, 'Add subscriber'],
    [`waitlists/${waitlist}/setup`, 'Archive waitlist'],
    ['plan', 'Switch to Team'],
    ['members', `Remove ${member.email}`],
    ['members', `Leave ${organisation.owner.email}`],
    ['settings', 'Delete organisation'],
  ] as const
  for (const [path, opener] of dialogs) {
    await open(`/o/${organisation.slug}/${path}`)
    await tabTo(page, opener)
    await enter(page)
    expect(await page.evaluate(() => document.activeElement?.closest('dialog')?.matches(':modal'))).toBe(true)
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Escape')])
    expect(await focused(page)).toBe(opener)
  }
  await visit.context.close()
})

it('the nav of a phone and the menus open by keyboard and close by Escape', async () => {
  const organisation = await makeOrganisation(product)
  const visit = await startVisit(browser, product, {
    person: organisation.owner,
    viewport: { width: 390, height: 844 },
  })
  const { page, open } = visit
  await open(`/o/${organisation.slug}/waitlists`)
  const nav = page.getByRole('navigation', { name: 'Main' })
  expect(await nav.isVisible()).toBe(false)
  await tabTo(page, 'Menu')
  await page.keyboard.press('Enter')
  expect(await nav.isVisible()).toBe(true)
  await page.keyboard.press('Escape')
  expect(await nav.isVisible()).toBe(false)
  expect(await focused(page)).toBe('Menu')
  await page.keyboard.press('Enter')
  await tabTo(page, 'API keys')
  await enter(page)
  expect(page.url()).toMatch(/\/api-keys$/)
  await visit.context.close()
})
