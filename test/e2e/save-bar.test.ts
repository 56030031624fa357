import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createWaitlist } from '../../src/features/waitlists/create-waitlist.ts'
import { launchBrowser } from '../browser.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../make.ts'
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

async function openSetup(width: number, height: number) {
  const organisation = await makeOrganisation(product)
  const { id } = await createWaitlist(organisation.ctx, { name: 'Launch' })
  const visit = await startVisit(browser, product, { person: organisation.owner, viewport: { width, height } })
  await visit.open(`/o/${organisation.slug}/waitlists/${id}/setup`)
  return visit
}

/** Where the bar is, seen from the window, the form and the column. */
function measure(page: Page) {
  return page.evaluate(() => {
    const box = (selector: string) => {
      const { top, bottom, left, right } = document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect()
      return { top, bottom, left, right }
    }
    const [bar, form, next, last] = [box('.save-bar'), box('#setup'), box('#backend'), box('#danger')]
    return {
      isAtWindowsEdge: Math.abs(bar.bottom - innerHeight) <= 1,
      isAtFormsEnd: bar.top >= form.bottom && bar.bottom <= next.top,
      isLast: bar.top >= last.bottom,
      isAsWideAsColumn: Math.abs(bar.left - last.left) <= 1 && Math.abs(bar.right - last.right) <= 1,
    }
  })
}

it('the bar sticks to the lower edge of the window while something is unsaved, says what, and else ends the form', async () => {
  const { page, complaints, context } = await openSetup(1280, 600)
  expect(await measure(page)).toMatchObject({ isAtWindowsEdge: false, isAtFormsEnd: true, isAsWideAsColumn: true })
  await page.getByLabel('Description').fill('First come, first served.')
  await page.getByLabel(/People move ahead/).uncheck()
  await page.getByRole('status').filter({ hasText: 'Not saved yet: Description, Referrals.' }).waitFor()
  for (const id of ['general', 'referrals']) {
    await page.evaluate((section) => document.getElementById(section)?.scrollIntoView({ block: 'start' }), id)
    expect(await measure(page)).toMatchObject({ isAtWindowsEdge: true, isAsWideAsColumn: true })
  }
  // At the end of the page it comes after the last card and covers none.
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight))
  expect(await measure(page)).toMatchObject({ isLast: true, isAtFormsEnd: false })
  await page.getByLabel('Description').fill('')
  await page.getByLabel(/People move ahead/).check()
  await page.getByRole('status').filter({ hasText: 'Not saved yet' }).waitFor({ state: 'detached' })
  expect(await measure(page)).toMatchObject({ isAtFormsEnd: true })
  await page.getByLabel('Name').fill('Spring launch')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('heading', { name: 'Set up Spring launch' }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

it('on a phone no field that has the focus is under the bar', async () => {
  const { page, complaints, context } = await openSetup(390, 500)
  await page.getByLabel('Name').fill('Spring launch')
  await page.getByRole('status').filter({ hasText: 'Not saved yet: Name.' }).waitFor()
  const covered: string[] = []
  for (const label of ['Name', 'Description', /People move ahead/, 'Places ahead for each person', 'Waitlist id']) {
    const field = page.getByLabel(label)
    await page.evaluate(() => scrollTo(0, 0))
    await field.focus()
    const under = await field.evaluate((element) => {
      const bar = document.querySelector('.save-bar')?.getBoundingClientRect()
      return element.getBoundingClientRect().bottom > (bar?.top ?? 0)
    })
    if (under) covered.push(String(label))
  }
  expect([...covered, ...complaints]).toEqual([])
  await context.close()
})

it('without scripts a draft with a mistake has the bar at the lower edge, with what is not saved', async () => {
  const organisation = await makeOrganisation(product)
  const { id } = await createWaitlist(organisation.ctx, { name: 'Launch' })
  const { page, open, context } = await startVisit(browser, product, {
    person: organisation.owner,
    viewport: { width: 1280, height: 600 },
    javaScriptEnabled: false,
  })
  await open(`/o/${organisation.slug}/waitlists/${id}/setup`)
  await page.getByLabel('Name').fill('Spring launch')
  await page.getByLabel('Places ahead').fill('1000')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Not saved yet: Name, Places ahead for each person.').waitFor()
  expect(await measure(page)).toMatchObject({ isAtWindowsEdge: true, isAsWideAsColumn: true })
  await context.close()
})
