import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { walkByTab } from './walk-by-tab.ts'

const wide = { width: 1280, height: 800 }
const narrow = { width: 390, height: 844 }
const colours = ['color-contrast', 'link-in-text-block']
/** 881 px are the fewest that have tables; below it their rows are cards. 320 px are what 1280 px are at four times the size. */
const widths = [1600, 1280, 881, 768, 390, 320]

/**
 * What is wrong with the page that is open, wide and narrow, light and dark: what axe finds, what scrolls sideways, what a finger
 * would miss, and what the keyboard does not come to or does not show. With `PICTURES` it is also taken, into that folder.
 */
export async function lookAt(page: Page, name: string): Promise<string[]> {
  const found: string[] = []
  const tell = (faults: string[], where: string) => found.push(...faults.map((fault) => `${name}, ${where}: ${fault}`))
  await page.setViewportSize(wide)
  tell(await walkByTab(page), 'by keyboard')
  for (const width of widths) {
    await page.setViewportSize({ width, height: 844 })
    tell(await page.evaluate(tooWide), `${width} px wide`)
  }
  await page.setViewportSize(narrow)
  tell(await page.evaluate(tooSmall), 'too small for a finger')
  tell(await violations(page), 'axe')
  if (process.env.PICTURES) await takePictures(page, name, process.env.PICTURES)
  await page.setViewportSize(wide)
  return found
}

/** What axe finds, wide and narrow; in the dark nothing changes but colours, so only they are looked at again. */
async function violations(page: Page): Promise<string[]> {
  await bringAxe(page)
  const found = (await page.evaluate(askAxe, [])).map((violation) => `narrow: ${violation}`)
  await page.setViewportSize(wide)
  found.push(...(await page.evaluate(askAxe, [])).map((violation) => `wide: ${violation}`))
  await page.emulateMedia({ colorScheme: 'dark' })
  found.push(...(await page.evaluate(askAxe, colours)).map((violation) => `dark: ${violation}`))
  await page.emulateMedia({ colorScheme: 'light' })
  return found
}

/** What axe finds on the page as it is. */
export async function askAxeOnce(page: Page): Promise<string[]> {
  await bringAxe(page)
  return page.evaluate(askAxe, [])
}

/** Into the page that is open, and into those that come after it: as they load it takes a tenth of the time. */
async function bringAxe(page: Page): Promise<void> {
  if (await page.evaluate(() => 'axe' in window)) return
  await page.context().addInitScript(axe.source)
  await page.evaluate(axe.source)
}

/** In the page. No rules are all rules. */
async function askAxe(rules: string[]): Promise<string[]> {
  const { axe } = window as unknown as { axe: { run(options: object): Promise<axe.AxeResults> } }
  const only = rules.length > 0 ? { runOnly: rules } : {}
  const { violations } = await axe.run({ ...only, resultTypes: ['violations'] })
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 90)).join(' | ')}`)
}

/** What reaches past the window so that it scrolls sideways, and what a frame cuts off. */
export function tooWide(): string[] {
  const { clientWidth, scrollWidth } = document.documentElement
  const reaching = [...document.querySelectorAll('body *')].filter(
    (element) => scrollWidth > clientWidth && element.getBoundingClientRect().right > clientWidth,
  )
  const cut = [...document.querySelectorAll('.table-wrap, .card, dialog')].filter(
    (element) => element.scrollWidth > element.clientWidth,
  )
  return [...reaching, ...cut].map((element) => element.outerHTML.slice(0, 60))
}

/** What a finger would miss: less than 44 px high, and no link in the middle of a text. */
function tooSmall(): string[] {
  return [...document.querySelectorAll('a, button, input, select, textarea, summary')]
    .map((element) =>
      element.matches('[type=checkbox], [type=radio]') ? (element.closest('label') ?? element) : element,
    )
    .filter((element) => {
      const { width, height } = element.getBoundingClientRect()
      const isSeen = width > 1 && height > 1 && !element.matches('.skip, thead a')
      return (
        isSeen &&
        Math.round(height) < 44 &&
        !element.matches('p a, li > span a, dd a, .banner a, .prose a, .prose button')
      )
    })
    .map((element) => `${element.outerHTML.slice(0, 60)} ${element.getBoundingClientRect().height}`)
}

async function takePictures(page: Page, name: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const fullPage = !(await page.$('dialog[open]'))
  const plain = name.replaceAll(/[^a-z0-9_-]+/gi, '-').slice(0, 140)
  const take = (look: string) => page.screenshot({ path: join(folder, `${plain}-${look}.png`), fullPage })
  for (const viewport of [wide, narrow]) {
    await page.setViewportSize(viewport)
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await take(`${viewport.width}-${colorScheme}`)
    }
  }
  await page.setViewportSize(wide)
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'active' })
  await take('forced')
  await page.emulateMedia({ forcedColors: 'none', media: 'print' })
  await take('print')
  await page.emulateMedia({ media: 'screen' })
}
