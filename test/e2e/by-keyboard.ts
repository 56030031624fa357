import type { Page } from 'playwright-core'

/** What has the focus, as it reads: the text of a link or button, the label of a field. */
export const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement
    const labelled =
      element instanceof HTMLInputElement ||
      element instanceof HTMLSelectElement ||
      element instanceof HTMLTextAreaElement
    const name = labelled ? (element.labels?.[0]?.textContent ?? element.ariaLabel) : element?.textContent
    return (name ?? '').trim().replace(/\s+/g, ' ')
  })

/** What has the focus by itself gets it before the first picture of a page, which may come after the page is loaded. */
const untilShown = (page: Page): Promise<unknown> => page.evaluate(() => new Promise(requestAnimationFrame))

/** Presses Tab until something that reads so has the focus; fails when it never does. */
export async function tabTo(page: Page, name: string | RegExp, key = 'Tab'): Promise<void> {
  const passed: string[] = []
  await untilShown(page)
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press(key)
    const text = await focused(page)
    if (typeof name === 'string' ? text === name : name.test(text)) return
    passed.push(text)
  }
  throw new Error(`Tab never came to ${name}, but to ${passed.join(' | ')}`)
}

/** Presses a key and waits for the page that it leads to. */
export async function enter(page: Page, key = 'Enter'): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press(key)])
  await untilShown(page)
}

/** Tabs to each field in turn and types into it, over what was there. */
export async function typeInto(page: Page, fields: Record<string, string>): Promise<void> {
  for (const [label, text] of Object.entries(fields)) {
    if ((await focused(page)) !== label) await tabTo(page, label)
    await page.keyboard.press('Control+A')
    await page.keyboard.type(text)
  }
}

/** Tabs to something and presses Enter there, as often as there are names, each on the page that the one before led to. */
export async function follow(page: Page, ...names: (string | RegExp)[]): Promise<void> {
  for (const name of names) {
    const isThere = typeof name === 'string' && (await focused(page)) === name
    if (!isThere) await tabTo(page, name)
    await enter(page)
  }
}
