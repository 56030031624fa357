import type { Page } from 'playwright-core'

interface Stop {
  what: string
  fault: string
}

/**
 * Presses Tab from the start of the page, or of its dialog, until everything has had its turn, and answers what is wrong: what is
 * never come to or come to twice, what does not show that it has the focus, and what has it out of sight.
 */
export async function walkByTab(page: Page): Promise<string[]> {
  const count = await page.evaluate(begin)
  for (let i = 0; i < count; i++) await page.keyboard.press('Tab')
  return page.evaluate(end)
}

/** In the page: from here on each stop is noted. Answers how many there should be. */
async function begin(): Promise<number> {
  // What has the focus by itself gets it before the first picture, which may come after the page is loaded: not in mid-walk.
  await new Promise(requestAnimationFrame)
  const inside = document.querySelector('dialog:modal') ?? document
  const selector = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]'
  const wanted = [...inside.querySelectorAll<HTMLElement>(selector)].filter((element) => {
    const isChoice = element instanceof HTMLInputElement && element.type === 'radio' && element !== stopOf(element)
    return (
      element.checkVisibility({ visibilityProperty: true }) &&
      element.tabIndex >= 0 &&
      !isChoice &&
      !element.matches(':disabled')
    )
  })
  /** A group of radio buttons is one stop: the one that is chosen, or the first. */
  function stopOf({ name }: HTMLInputElement): HTMLInputElement | undefined {
    const group = [...inside.querySelectorAll<HTMLInputElement>('input[type=radio]')].filter((one) => one.name === name)
    return group.find(({ checked }) => checked) ?? group[0]
  }
  const looks = (element: Element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
    return { hasOutline: outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2, boxShadow }
  }
  const before = new Map(wanted.map((element) => [element, looks(element).boxShadow]))
  const stops: Stop[] = []
  const order: HTMLElement[] = []
  const note = (event: FocusEvent) => {
    const element = event.target
    if (!(element instanceof HTMLElement)) return
    if (order.includes(element)) return
    order.push(element)
    const what = element.outerHTML.slice(0, 80)
    const { hasOutline, boxShadow } = looks(element)
    if (!hasOutline && boxShadow === before.get(element))
      stops.push({ what, fault: 'does not show that it has the focus' })
    const { left, top, width, height } = element.getBoundingClientRect()
    const inSight = document.elementFromPoint(
      Math.min(left + width / 2, innerWidth - 1),
      Math.min(Math.max(top + height / 2, 0), innerHeight - 1),
    )
    if (
      !inSight ||
      !(element.contains(inSight) || inSight.closest('label')?.contains(element) || inSight.contains(element))
    )
      stops.push({ what, fault: `has the focus behind ${inSight?.outerHTML.slice(0, 60)}` })
  }
  document.addEventListener('focusin', note)
  const focused = document.activeElement
  if (focused instanceof HTMLElement) focused.blur()
  // Where Tab starts from: before everything.
  getSelection()?.removeAllRanges()
  const start = document.createElement('span')
  start.tabIndex = -1
  ;(inside instanceof Element ? inside : document.body).prepend(start)
  start.focus()
  order.length = 0
  stops.length = 0
  start.remove()
  Object.assign(window, {
    endWalk: () => {
      document.removeEventListener('focusin', note)
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur()
      scrollTo(0, 0)
      // What was told anew meanwhile has the same looks.
      const isCopy = (element: Element) =>
        !element.isConnected && order.some(({ outerHTML }) => outerHTML === element.outerHTML)
      const missed = wanted.filter((element) => !order.includes(element) && !isCopy(element))
      const faults = stops.map(({ what, fault }) => `${what} ${fault}`)
      const isOrdered = order.every(
        (element, i) =>
          i === 0 || (order[i - 1]?.compareDocumentPosition(element) ?? 0) & Node.DOCUMENT_POSITION_FOLLOWING,
      )
      return [
        ...faults,
        ...missed.map((element) => `${element.outerHTML.slice(0, 80)} is never come to`),
        ...(isOrdered ? [] : ['the order is not the one of the page']),
      ]
    },
  })
  // A date has three parts and a calendar.
  return wanted.length + 3 * wanted.filter((element) => element.matches('[type=date]')).length
}

function end(): string[] {
  return (window as unknown as { endWalk(): string[] }).endWalk()
}
