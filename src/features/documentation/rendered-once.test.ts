import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { errorCatalogue } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import type { Frame } from '../../platform/ui/page-layout.tsx'
import { documentationRoutes } from './documentation.dashboard.tsx'
import { readGuide } from './guide.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const get = async (path: string) => (await fetch(product.url + path)).text()
const main = (html: string) => html.slice(html.indexOf('<main'), html.indexOf('</main>'))

/** The documentation alone; each request is of the next of these people. It counts how often the API document is read. */
function serve(names: (string | undefined)[]) {
  let reads = 0
  const document = {
    get paths() {
      reads += 1
      return {}
    },
  }
  const app = new Hono<AppEnv>()
  app.use(async (c, next) => {
    const name = names.shift()
    const person = name ? { name, email: `${name}@example.com` } : undefined
    const assets = { css: '/a.css', js: '/a.js', icon: '/a.svg' } as unknown as Frame['assets']
    c.set('frame', { assets, person, organisation: undefined, organisations: [], nav: [] })
    c.set('meta', { requestId: 'req_1', ip: null, userAgent: null } as AppEnv['Variables']['meta'])
    await next()
  })
  documentationRoutes(app, product.services, document)
  return { ask: async () => (await app.request('/docs/api')).text(), reads: () => reads }
}

test('the API reference is rendered once, and each reader sees their own name around it', async () => {
  const { ask, reads } = serve(['Ada', 'Grace', undefined])
  const [ada, grace, stranger] = [await ask(), await ask(), await ask()]
  expect(reads()).toBe(1)
  expect([ada.includes('Ada'), ada.includes('Grace')]).toEqual([true, false])
  expect([grace.includes('Ada'), grace.includes('Grace')]).toEqual([false, true])
  expect(stranger).not.toMatch(/Ada|Grace/)
  expect(stranger).toContain('Sign in')
  for (const page of [ada, grace, stranger]) expect(page).toContain('<h1>API reference</h1>')
})

test('each page stays itself when asked for again, signed in or not', async () => {
  const paths = [
    ...readGuide(product.url).map(({ slug }) => `/docs/${slug}`),
    ...['/docs/errors', '/docs/api', ...Object.keys(errorCatalogue).map((code) => `/docs/errors/${code}`)],
  ]
  const first = new Map<string, string>()
  for (const path of paths) first.set(path, main(await get(path)))
  expect(new Set(first.values()).size).toBe(paths.length)
  const owner = await asUser(product, (await makeOrganisation(product)).owner)
  for (const path of paths.toReversed()) {
    const expected = first.get(path)
    expect(main(await get(path))).toBe(expected)
    expect(main((await owner.get(path)).html)).toBe(expected)
  }
})

test('the OpenAPI document is JSON, the same each time', async () => {
  const [once, twice] = [await fetch(`${product.url}/openapi.json`), await fetch(`${product.url}/openapi.json`)]
  expect(once.headers.get('content-type')).toBe('application/json')
  const text = await once.text()
  expect(JSON.parse(text).openapi).toBe('3.1.0')
  expect(await twice.text()).toBe(text)
})
