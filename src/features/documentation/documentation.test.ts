import MarkdownIt from 'markdown-it'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { errorCatalogue } from '../../platform/errors.ts'
import { readExample, readGuide, renderInline, renderMarkdown } from './guide.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product?.close())

const get = (path: string) => fetch(product.url + path)
const slugs = readGuide('http://localhost').map((page) => page.slug)
const guidePaths = [
  ...slugs.map((slug) => `/docs/${slug}`),
  '/docs/errors',
  ...Object.keys(errorCatalogue).map((code) => `/docs/errors/${code}`),
  '/docs/api',
]

describe('the guide', () => {
  it('opens with its first page', async () => {
    const answer = await get('/docs')
    expect(answer.status).toBe(200)
    expect(answer.url).toBe(`${product.url}/docs/getting-started`)
  })

  it('has no link that leads nowhere, and none to a heading that is not there', async () => {
    const pages = new Map<string, string>()
    const open = async (path: string) => {
      const known = pages.get(path)
      if (known !== undefined) return known
      const answer = await get(path)
      expect(`${path} answers ${answer.status}`).toBe(`${path} answers 200`)
      const html = await answer.text()
      pages.set(path, html)
      return html
    }
    for (const path of guidePaths) {
      const html = await open(path)
      for (const [, href = ''] of html.matchAll(/ href="([^"]*)"/g)) {
        const { origin, pathname, hash } = new URL(href, product.url + path)
        expect(origin).toBe(product.url)
        const target = await open(pathname)
        if (hash) expect(`${href}: ${target.includes(` id="${hash.slice(1)}"`)}`).toBe(`${href}: true`)
      }
    }
  })

  it('has the heading that the API keys page links to', async () => {
    expect(await (await get('/docs/authentication')).text()).toContain('<h2 id="scopes">Scopes</h2>')
  })

  it('has no row of a table that a blank line above makes a text', () => {
    for (const { slug, markdown } of readGuide('http://localhost'))
      expect(`${slug} ${/<p>\|[^<]*/.exec(renderMarkdown(markdown))?.[0] ?? ''}`).toBe(`${slug} `)
  })

  it('gives no two things on a page the same id', async () => {
    for (const path of guidePaths) {
      const ids = [...(await (await get(path)).text()).matchAll(/ id="([^"]*)"/g)].map(([, id]) => id)
      expect(`${path}: ${ids}`).toBe(`${path}: ${[...new Set(ids)]}`)
    }
  })

  it("names this server's own address, never a placeholder", async () => {
    for (const path of guidePaths) {
      const html = await (await get(path)).text()
      expect(html).not.toContain('{PUBLIC_URL}')
    }
    expect(await (await get('/docs/getting-started')).text()).toContain(`curl ${product.url}/v1/api/key`)
  })

  it('explains every error at the address that the error names', async () => {
    for (const [code, { status, title }] of Object.entries(errorCatalogue)) {
      const html = await (await get(`/docs/errors/${code}`)).text()
      expect(html).toContain(`Status ${status}, code <code>${code}</code>`)
      expect(html.replaceAll('&#39;', "'")).toContain(title)
    }
    const refusal = (await (await get('/v1/api/key')).json()) as { type: string }
    expect((await fetch(refusal.type)).status).toBe(200)
  })

  it.each([
    '/docs/nothing',
    '/docs/errors/nothing',
    '/docs/errors/toString',
    '/docs/__proto__',
    '/docs/..%2f..%2fpackage',
  ])('answers %s with a page that says there is none', async (path) => {
    const answer = await get(path)
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toContain('text/html')
  })

  it('shows every operation of the OpenAPI document in its reference', async () => {
    const document = (await (await get('/openapi.json')).json()) as { paths: Record<string, Record<string, unknown>> }
    const html = await (await get('/docs/api')).text()
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods)) expect(html).toContain(`<code>${method.toUpperCase()} ${path}</code>`)
    }
  })
})

describe('every request that the guide shows', () => {
  it.each(slugs)('answers what %s says', async (slug) => {
    const organisation = await makeOrganisation(product)
    const { secret } = await makeApiKey(organisation)
    const variables = { QUEUEUP_KEY: secret, WAITLIST_ID: await makeWaitlist(organisation) }
    for (const { expected, code } of requestsOf(slug)) {
      expect(expected, `the status is missing above ${code}`).toBeDefined()
      const { url, init } = readCurl(code, variables)
      expect(`${code} answers ${(await fetch(url, init)).status}`).toBe(`${code} answers ${expected}`)
    }
  })

  it('is on the pages that need one', () => {
    const withRequests = slugs.filter((slug) => requestsOf(slug).length > 0)
    expect(withRequests).toEqual(['getting-started', 'api-keys', 'authentication', 'subscribers', 'rate-limits'])
  })
})

describe('Markdown', () => {
  it('lets no HTML through', () => {
    expect(renderMarkdown('<script>alert(1)</script>')).not.toContain('<script')
    expect(renderMarkdown('```sh\n</pre><script>\n```')).not.toContain('<script')
    expect(renderMarkdown('[x](javascript:alert(1))')).not.toContain('href')
  })

  it('aligns figures by a class, since the policy allows no styles', () => {
    const table = renderMarkdown('| a | b |\n|---|--:|\n| c | 1 |')
    expect(table).toContain('<th class="right">b</th>')
    expect(table).toContain('<td data-label="b" class="right">1</td>')
    expect(table).not.toContain('style')
  })

  it('has the quotation marks and apostrophes of the pages; code and everything else stays as it is written', () => {
    expect(renderInline(`a key's "name" ... (c) \`it's "so"\``)).toBe(
      "a key’s “name” ... (c) <code>it's &quot;so&quot;</code>",
    )
  })
})

/** The requests of a page, each with the status that it says it answers. */
function requestsOf(slug: string) {
  const markdown = readGuide(product?.url ?? '').find((page) => page.slug === slug)?.markdown ?? ''
  return new MarkdownIt()
    .parse(markdown, {})
    .filter((token) => token.type === 'fence')
    .map((token) => readExample(token.content))
    .filter(({ code }) => /^curl /m.test(code))
}

/** What a curl command sends; a machine that runs the tests need not have curl. */
function readCurl(code: string, variables: Record<string, string>): { url: string; init: RequestInit } {
  const expand = (text: string) => text.replace(/\$([A-Z_]+)/g, (_, name) => variables[name] ?? '')
  const words = [...code.replaceAll('\\\n', ' ').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, expanded, literal, bare]) => literal ?? expand(expanded ?? bare ?? ''),
  )
  const valuesOf = (option: string) => words.filter((_, i) => words[i - 1] === option)
  const url = words.find((word) => word.startsWith('http')) ?? ''
  const known = ['curl', url, '-H', '-d', '-D', ...['-H', '-d', '-D'].flatMap(valuesOf)]
  expect(words.filter((word) => !known.includes(word))).toEqual([])
  const [body] = valuesOf('-d')
  const headers = valuesOf('-H').map((line) => line.split(': ') as [string, string])
  return { url, init: { method: body === undefined ? 'GET' : 'POST', headers, body: body ?? null } }
}
