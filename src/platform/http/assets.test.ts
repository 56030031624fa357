import { request } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { assetUrl } from './assets.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product?.close())

const names = ['app.css', 'app.js', 'favicon.svg']

/** As it comes over the wire, not yet unpacked. */
function get(path: string, encoding = '') {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: Buffer }>(
    (resolve, reject) => {
      const headers = encoding ? { 'Accept-Encoding': encoding } : {}
      request(product.url + path, { headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
        )
      })
        .on('error', reject)
        .end()
    },
  )
}

it.each(names)('%s comes packed as the browser asks, and is the same each time', async (name) => {
  const plain = await get(assetUrl(name))
  const gzip = await get(assetUrl(name), 'gzip')
  const brotli = await get(assetUrl(name), 'gzip, deflate, br')
  expect([plain, gzip, brotli].map(({ status, headers }) => [status, headers['content-encoding']])).toEqual([
    [200, undefined],
    [200, 'gzip'],
    [200, 'br'],
  ])
  expect(gunzipSync(gzip.body)).toEqual(plain.body)
  expect(brotliDecompressSync(brotli.body)).toEqual(plain.body)
})

it.each(names)('%s may be kept for good, since its name tells its content', async (name) => {
  const { headers } = await get(assetUrl(name))
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect(headers.vary).toBe('Accept-Encoding')
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(assetUrl(name)).toMatch(/^\/assets\/[a-z]+-[0-9a-f]{12}\.[a-z]+$/)
})

it.each(['product.png', 'product-dark.png'])(
  '%s, which is packed already, comes as it is and may be kept for good',
  async (name) => {
    const { status, headers, body } = await get(assetUrl(name), 'gzip, deflate, br')
    expect([status, headers['content-type'], headers['content-encoding']]).toEqual([200, 'image/png', undefined])
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(body.toString('latin1', 1, 4)).toBe('PNG')
    expect(body.length).toBeLessThan(80_000)
    // As the page says it: nothing moves when it comes.
    expect([body.readUInt32BE(16), body.readUInt32BE(20)]).toEqual([1280, 420])
  },
)

it('the home page shows visitors the product in both colour schemes, with its size and in words', async () => {
  const { headers, body } = await get('/')
  const html = body.toString()
  expect(html).toMatch(
    new RegExp(
      `<source srcset="${assetUrl('product-dark.png')}" media="\\(prefers-color-scheme: dark\\)" width="1280" height="420"`,
    ),
  )
  const [picture = ''] = /<img[^>]*>/.exec(html) ?? []
  expect(picture).toContain(`src="${assetUrl('product.png')}" width="1280" height="420" alt="The waitlists page`)
  expect(headers['content-security-policy']).toContain("img-src 'self' data:;")
})

it('a page loads no more than 60 KB of JavaScript and 40 KB of CSS, packed', async () => {
  expect((await get(assetUrl('app.js'), 'gzip')).body.length).toBeLessThan(60_000)
  expect((await get(assetUrl('app.css'), 'gzip')).body.length).toBeLessThan(40_000)
})

it('nothing else of the server is served', async () => {
  for (const path of ['/assets/', '/assets/manifest.json', '/assets/..%2f..%2fpackage.json', '/assets/app.css']) {
    expect(`${path} ${(await get(path)).status}`).toBe(`${path} 404`)
  }
})
