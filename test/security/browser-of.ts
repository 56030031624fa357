import { asUser, type PageAnswer } from '../as.ts'
import type { TestProduct } from '../make.ts'

export type Browser = Awaited<ReturnType<typeof openBrowser>>

/** A browser that keeps all of its cookies, and may talk to several processes of one product. */
export async function openBrowser(product: TestProduct, from = '192.0.2.1') {
  const jar = new Map<string, string>()
  const to = async (at: TestProduct, path: string, form?: Record<string, string>): Promise<PageAnswer> => {
    const visitor = await asUser(at, undefined)
    const headers = { Cookie: [...jar].map((pair) => pair.join('=')).join('; '), 'X-Forwarded-For': from }
    const answer = form ? await visitor.post(path, form, headers) : await visitor.get(path, headers)
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]?.split(/=(.*)/s) ?? []
      if (/Max-Age=0/i.test(line)) jar.delete(name)
      else jar.set(name, value)
    }
    return answer
  }
  return {
    jar,
    to,
    get: (path: string) => to(product, path),
    post: (path: string, form: Record<string, string> = {}) => to(product, path, form),
    isSignedIn: async () => (await to(product, '/account')).status === 200,
  }
}

/** The same cookies in other hands. */
export async function copyOf(browser: Browser, product: TestProduct, from?: string): Promise<Browser> {
  const copy = await openBrowser(product, from)
  for (const [name, value] of browser.jar) copy.jar.set(name, value)
  return copy
}
