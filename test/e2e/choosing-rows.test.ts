import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { doQueued } from '../bring-file.ts'
import { launchBrowser } from '../browser.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../make.ts'
import { lookAt } from './look-at.ts'
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

const words = ['active', 'unsubscribed', 'cleaned', 'active', 'Opted out', 'unsubscribed', '']
const file = `Our list\n\nTimestamp,Email,Status\n${words.map((word, i) => `3/4/2026 1${i}:00:00,p${i}@example.com,${word}\n`).join('')}`

it.each([true, false])(
  'a file is dropped or chosen, and its rows are let in by ticks and by the order of day and month (JavaScript: %s)',
  async (javaScriptEnabled) => {
    const organisation = await makeOrganisation(product)
    const id = await makeWaitlist(organisation, 'Spring launch')
    const visit = await startVisit(browser, product, { person: organisation.owner, javaScriptEnabled })
    const { page, open, complaints } = visit
    await open(`/o/${organisation.slug}/waitlists/${id}/import`)
    if (javaScriptEnabled) {
      expect(await lookAt(page, 'choosing a file')).toEqual([])
      const dragged = await page.evaluateHandle((content) => {
        const data = new DataTransfer()
        data.items.add(new File([content], 'dropped.csv', { type: 'text/csv' }))
        return data
      }, file)
      // Anywhere on the form, not on its field alone.
      const hint = page.locator('#file-hint')
      await hint.dispatchEvent('dragover', { dataTransfer: dragged })
      expect(await page.locator('form.is-over').count()).toBe(1)
      await hint.dispatchEvent('drop', { dataTransfer: dragged })
      expect(await page.locator('form.is-over').count()).toBe(0)
      expect(await page.getByLabel('CSV file').evaluate((field) => (field as HTMLInputElement).files?.[0]?.name)).toBe(
        'dropped.csv',
      )
    } else {
      const chosen = { name: 'chosen.csv', mimeType: 'text/csv', buffer: Buffer.from(file) }
      await page.getByLabel('CSV file').setInputFiles(chosen)
    }
    await page.getByRole('button', { name: 'Upload and preview' }).click()
    await page.getByText('Of the 7 rows of the file: 0 will be added, 7 refused.').waitFor()
    expect(await page.getByLabel('Rows to leave out at the top').inputValue()).toBe('1')
    const ticks = page.getByRole('group', { name: 'Not active' })
    expect(await ticks.getByRole('checkbox').count()).toBe(4)
    if (javaScriptEnabled) expect(await lookAt(page, 'choosing rows')).toEqual([])
    await ticks.getByRole('checkbox', { name: 'Opted out' }).check()
    await page.getByRole('radio', { name: 'Day first' }).check()
    await page.getByRole('button', { name: 'Update preview' }).click()
    await page.getByText('3 will be added, 4 refused').waitFor()
    expect(await ticks.getByRole('checkbox', { name: 'Opted out' }).isChecked()).toBe(true)
    await page.getByText('2 refused: The status “unsubscribed” does not mean active.').waitFor()
    await page.getByRole('button', { name: 'Start import' }).click()
    await page.getByRole('heading', { name: 'Import under way' }).waitFor()
    await doQueued(product)
    if (!javaScriptEnabled) await page.getByRole('link', { name: 'Refresh' }).click()
    await page.getByText('The import is done.').waitFor()
    await open(`/o/${organisation.slug}/waitlists/${id}`)
    expect(await page.getByText(/^p\d@example\.com$/).allInnerTexts()).toEqual([
      'p0@example.com',
      'p3@example.com',
      'p4@example.com',
    ])
    expect(complaints).toEqual([])
    await visit.context.close()
  },
)
