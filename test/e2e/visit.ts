import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { asUser } from '../as.ts'
import type { TestProduct } from '../make.ts'

export interface Visit {
  page: Page
  context: BrowserContext
  /** What must never happen, as it happened: script errors, breaches of the page's policy, requests to anybody else. */
  complaints: string[]
  /** Opens a path of the product. */
  open(path: string, page?: Page): Promise<number>
}

interface VisitOptions extends BrowserContextOptions {
  /** Signed in as them from the start. */
  person?: { email: string; password: string }
}

/** A browser profile of its own, a fresh one for each test. */
export async function startVisit(browser: Browser, product: TestProduct, options: VisitOptions = {}): Promise<Visit> {
  const { person, ...rest } = options
  const context = await browser.newContext({ reducedMotion: 'reduce', ...rest })
  const complaints: string[] = []
  context.on('request', (request) => {
    if (new URL(request.url()).origin !== product.url) complaints.push(`a request to ${request.url()}`)
  })
  context.on('response', (response) => {
    if (response.request().resourceType() === 'document' && response.status() !== 201)
      response.text().then(
        (text) => {
          try {
            product.issued.mustNotBeIn(text, `the page ${response.url()}`, response.url())
          } catch (error) {
            complaints.push(String(error))
          }
        },
        () => undefined,
      )
  })
  context.on('weberror', (error) => void complaints.push(`a script failed: ${error.error().message}`))
  context.on('console', (message) => {
    if (message.type() === 'error' && !isPlainRefusal(message.text())) complaints.push(message.text())
  })
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      reportError(new Error(`${event.violatedDirective} refused ${event.blockedURI}`)),
    )
  })
  if (person) await signIn(context, product, person)
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const open = async (path: string, on = page) =>
    (await on.goto(product.url + path, { waitUntil: 'load' }))?.status() ?? 0
  return { page, context, complaints, open }
}

/** Chromium reports a document that answers 403 or 422 as an error of the console. */
function isPlainRefusal(text: string): boolean {
  return /^Failed to load resource: the server responded with a status of 4\d\d/.test(text)
}

async function signIn(context: BrowserContext, product: TestProduct, person: { email: string; password: string }) {
  const user = await asUser(product, person)
  const [name = '', value = ''] = user.cookie().split(/=(.*)/s)
  await context.addCookies([{ name, value, url: product.url, httpOnly: true, sameSite: 'Lax' }])
}

/** Everything that a page holds where somebody could look: its source as it is now, what is typed, its stores, its address. */
export async function everythingIn({ context }: Visit, page: Page): Promise<string> {
  const inside = await page.evaluate(() => ({
    source: document.documentElement.outerHTML,
    typed: [...document.querySelectorAll('input, textarea')].map((field) => (field as HTMLInputElement).value),
    local: Object.entries(localStorage),
    session: Object.entries(sessionStorage),
    history: history.state,
    name: window.name,
  }))
  return JSON.stringify([page.url(), inside, await context.cookies()])
}
