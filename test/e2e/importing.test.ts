import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { doQueued } from '../bring-file.ts'
import { launchBrowser } from '../browser.ts'
import { dieAfter } from '../interrupt-import.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
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

const markup = '<img src=x onerror=alert(1)>'
const file = [
  'Name;Mail of the person;When',
  'Ada;ada@example.com;2026-05-01',
  `${markup};${markup};${markup}`,
  '=1+1;=cmd@example.com;',
  'Ada again;ADA@example.com;',
  ...Array.from({ length: 600 }, (_, i) => `P${i};p${i}@example.com;`),
].join('\r\n')

async function download(page: Page, name: string | RegExp): Promise<Record<string, string>[]> {
  const target = page.getByRole('button', { name, exact: true }).or(page.getByRole('link', { name, exact: true }))
  const [started] = await Promise.all([page.waitForEvent('download'), target.click()])
  return parse(readFileSync(await started.path()), { columns: true, bom: true }) as Record<string, string>[]
}

it.each([true, false])(
  'a file is brought, matched, looked at, imported, left, come back to, answered and exported (JavaScript: %s)',
  async (javaScriptEnabled) => {
    const organisation = await makeOrganisation(product)
    const id = await makeWaitlist(organisation, 'Spring launch')
    const visit = await startVisit(browser, product, {
      person: organisation.owner,
      javaScriptEnabled,
      acceptDownloads: true,
    })
    const { page, open, complaints } = visit
    const waitlist = `/o/${organisation.slug}/waitlists/${id}`

    await open(waitlist)
    await page.getByRole('link', { name: 'Import CSV' }).click()
    await page
      .getByLabel('CSV file')
      .setInputFiles({ name: `${markup}.csv`, mimeType: 'text/csv', buffer: Buffer.from('') })
    await page.getByRole('button', { name: 'Upload and preview' }).click()
    await page.getByRole('alert').getByText('The file is empty.').waitFor()
    await page
      .getByLabel('CSV file')
      .setInputFiles({ name: `${markup}.csv`, mimeType: 'text/csv', buffer: Buffer.from(file) })
    await page.getByRole('button', { name: 'Upload and preview' }).click()

    await page.getByRole('heading', { name: 'Look at the file' }).waitFor()
    expect(await page.getByLabel('E-mail', { exact: true }).inputValue()).toBe('1')
    expect(await page.getByLabel('Cells are separated by').inputValue()).toBe(';')
    await page.getByText('Of the 604 rows of the file: 602 will be added, 1 already there, 1 refused.').waitFor()
    const table = page.getByRole('table', { name: 'The first rows' })
    expect(await table.getByRole('row').nth(2).innerText()).toContain(markup)
    expect(await page.locator('img').count()).toBe(0)
    await page.getByLabel('Joined', { exact: true }).selectOption('2')
    await page.getByRole('button', { name: 'Update preview' }).click()
    await table.getByText('2026-05-01').waitFor()
    const here = page.url()

    // Left before it has begun, and come back to by the list of imports.
    await open(`${waitlist}/import`)
    await page.getByRole('link', { name: `${markup}.csv` }).click()
    expect(page.url()).toBe(here)
    await page.getByRole('button', { name: 'Start import' }).click()
    await page.getByRole('heading', { name: 'Import under way' }).waitFor()
    expect(await page.getByRole('progressbar').getAttribute('value')).toBe('0')
    await page.getByRole('link', { name: 'Cancel import' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'Keep importing' }).click()
    await open(waitlist)
    await page.getByText('Nobody has joined yet').waitFor()
    await open(new URL(here).pathname)

    // Cancelled in the middle of the file, and gone on with.
    const importId = here.split('/').at(-1) ?? ''
    await dieAfter(product, 4, { organisation_id: organisation.id, import_id: importId, run: 1 })
    await page.getByRole('link', { name: 'Cancel import' }).click()
    await page.getByRole('dialog').getByText('unless somebody has it go on within 7 days').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel import' }).click()
    await page.getByText(/The import was cancelled\. Row \d+ was the last one looked at/).waitFor()
    const soFar = (await download(page, 'Download results')).filter(({ result }) => result === 'not imported')
    expect(soFar.length).toBeGreaterThan(0)
    expect(soFar.length).toBeLessThan(604)
    await page.getByRole('button', { name: 'Continue import' }).click()
    await page.getByRole('heading', { name: 'Import under way' }).waitFor()
    expect(await page.getByRole('progressbar').getAttribute('value')).not.toBe('0')
    await doQueued(product)
    if (!javaScriptEnabled) await page.getByRole('link', { name: 'Refresh' }).click()
    await page.getByText('The import is done.').waitFor()

    const results = await download(page, 'Download results')
    expect(results.map(({ row, result }) => `${row} ${result}`).slice(0, 5)).toEqual([
      '1 added',
      '2 refused',
      '3 added',
      '4 already there',
      '5 added',
    ])
    expect(results[2]?.Name).toBe("'=1+1")
    expect((await download(page, 'Download refused rows')).map(({ Name }) => Name)).toEqual([markup])

    await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').nth(1).click()
    const exported = await download(page, 'Export CSV')
    expect(exported).toHaveLength(602)
    expect(exported[0]).toMatchObject({ email: 'ada@example.com', joined_at: '2026-05-01T00:00:00Z', position: '1' })
    await page.getByRole('searchbox').fill('cmd')
    await page.getByRole('button', { name: 'Search' }).click()
    const found = await download(page, 'Export these as CSV')
    expect(found.map(({ email }) => email)).toEqual(["'=cmd@example.com"])
    // The page stays, and its button may be pressed again.
    expect(await download(page, 'Export these as CSV')).toEqual(found)

    await open(`/o/${organisation.slug}/activity`)
    const rows = page.getByRole('table').getByRole('row')
    expect(await rows.filter({ hasText: 'imported subscribers' }).count()).toBe(2)
    expect(await rows.filter({ hasText: 'exported subscribers' }).count()).toBe(6)
    expect(complaints).toEqual([])
    await visit.context.close()
  },
)
