import type { Page } from 'playwright-core'
import type { SentForm } from './all-forms.ts'

/** Fills in the form that a page has for a route and sends it, past what the browser would have to say; answers the status. */
export async function sendForm(page: Page, { route, typed, meanwhile }: SentForm): Promise<number> {
  const values = typeof typed === 'function' ? await typed(page) : (typed ?? {})
  const action = `^${route.replace(/:\w+/g, '[^/]+')}(\\?|$)`
  await page.evaluate(fill, { action, values })
  await meanwhile?.(page)
  const [answer] = await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.evaluate(send)])
  return answer?.status() ?? 0
}

/** In the page. */
function fill({ action, values }: { action: string; values: Record<string, string> }): void {
  const form = [...document.forms].find(({ method, attributes }) => {
    return method === 'post' && new RegExp(action).test(attributes.getNamedItem('action')?.value ?? '')
  })
  if (!form) throw new Error(`no form leads to ${action}`)
  form.noValidate = true
  form.dataset.filledIn = ''
  for (const [name, value] of Object.entries(values)) {
    for (const field of form.querySelectorAll(`[name="${name}"]`)) {
      if (field instanceof HTMLInputElement && field.type === 'checkbox') field.checked = field.value === value
      else if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value
      else if (field instanceof HTMLTextAreaElement) field.value = value
    }
  }
}

function send(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-filled-in]')
  // The last one is what the form is for.
  form?.requestSubmit([...form.querySelectorAll('button')].at(-1))
}
