import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../as.ts'
import { makeApiCaller, makeProduct, type TestProduct } from '../make.ts'
import { textOf } from '../people.ts'
import { makeRawCaller } from '../raw-call.ts'

let product: TestProduct
let caller: ReturnType<typeof makeRawCaller>
let host: string
beforeAll(async () => {
  product = await makeProduct()
  caller = makeRawCaller(product.url)
  host = new URL(product.url).host
})
afterAll(async () => {
  caller.close()
  await product.close()
})

const get = (path: string, ...headers: [string, string][]) =>
  caller.call({ method: 'GET', path, headers, body: undefined })

function inHttp10(line: string, ...headers: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(product.url).port), '127.0.0.1', () =>
      socket.write([`${line} HTTP/1.0`, ...headers, '', ''].join('\r\n')),
    )
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
}

const signs: [string, string][] = [
  ['X-Forwarded-For', '203.0.113.9'],
  ['X-Forwarded-Proto', 'https'],
  ['x-forwarded-host', 'localhost'],
  ['X-Real-IP', '203.0.113.9'],
  ['Forwarded', 'for=203.0.113.9'],
  ['Via', '1.1 proxy'],
  ['Host', 'waitlist.example.com'],
  ['Host', '192.168.1.5:3000'],
  ['Host', 'localhost.example.com'],
  ['Origin', 'https://waitlist.example.com'],
  ['Referer', 'https://waitlist.example.com/sign-in'],
]

test.each(signs)(
  'while PUBLIC_URL is not set, a page asked for with %s: %s is refused with the setting’s name',
  async (...sign) => {
    for (const path of ['/', '/sign-in', '/forgot-password', '/docs/running', '/s/abc', '/nowhere']) {
      const answer = await get(path, sign)
      expect([path, answer.status]).toEqual([path, 403])
      expect(textOf(answer.text)).toContain('Set PUBLIC_URL to the address that people use')
      expect(answer.text).not.toContain('waitlist.example.com/sign-in')
    }
  },
)

test('so is a form, which does nothing, and what comes in HTTP/1.0 as plain proxies speak it', async () => {
  const visitor = await asUser(product, undefined)
  const refused = await visitor.post(
    '/sign-up',
    { email: 'proxied@example.com', password: 'a long enough password' },
    { Origin: 'https://waitlist.example.com', 'Sec-Fetch-Site': 'same-origin' },
  )
  expect([refused.status, textOf(refused.html)]).toEqual([403, expect.stringContaining('PUBLIC_URL')])
  const users = product.database.owner.kysely.selectFrom('users').selectAll()
  expect(await users.where('email', '=', 'proxied@example.com').execute()).toEqual([])
  expect(await inHttp10('GET /sign-in', `Host: ${host}`)).toMatch(/^HTTP\/1\.1 403[\s\S]*PUBLIC_URL/)
})

test('the operator is told once a minute, by a line that names the setting and nothing that was sent', async () => {
  for (let i = 0; i < 20; i++) await get('/', ['Host', `evil-${i}.example`])
  const lines = product.logged().match(/.*or for another host name and was refused.*/g) ?? []
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/"level":40.*Set PUBLIC_URL/)
  expect(product.logged()).not.toContain('evil-')
})

test('what comes straight from this machine is answered, whichever of its names it uses and wherever a link was', async () => {
  const { port } = new URL(product.url)
  for (const name of ['localhost', '127.0.0.1', '[::1]']) {
    const origin = `http://${name}:${port}`
    const headers: [string, string][] = [
      ['Host', `${name}:${port}`],
      ['Origin', origin],
      ['Referer', `${origin}/`],
    ]
    expect((await get('/sign-in', ...headers)).status).toBe(200)
  }
  const link: [string, string][] = [
    ['Referer', 'https://mail.example/'],
    ['Sec-Fetch-Site', 'cross-site'],
  ]
  expect((await get('/sign-in', ...link)).status).toBe(200)
})

test('an address of this machine in a local network is proposed as it was asked for', async () => {
  const own = await get('/', ['Host', '127.0.0.1:4000'], ['Via', '1.1 proxy'])
  expect(own.text).toContain('PUBLIC_URL=https://waitlist.example.com')
  expect((await get('/', ['Host', '6.6.6.6'])).text).not.toContain('6.6.6.6')
})

test('a probe is answered, and so is a caller with a key under any name, but not through a proxy that says so', async () => {
  for (const path of ['/healthz', '/readyz']) {
    expect((await get(path, ['Host', '10.0.0.7:3000'], ['X-Forwarded-For', '203.0.113.9'])).status).toBe(200)
    expect(await inHttp10(`GET ${path}`, 'Host: 10.0.0.7')).toMatch(/^HTTP\/1\.1 200/)
  }
  const { secret } = await makeApiCaller(product)
  const key: [string, string] = ['Authorization', `Bearer ${secret}`]
  expect((await get('/v1/api/key', key, ['Host', 'queueup:3000'])).status).toBe(200)
  expect(await inHttp10('GET /v1/api/key', 'Host: queueup:3000', key.join(': '))).toMatch(/^HTTP\/1\.1 200/)
  for (const sign of signs.slice(0, 6)) {
    const answer = await asApiKey(product, secret).get('/key', Object.fromEntries([sign]))
    expect([sign, answer.status, answer.json.code]).toEqual([sign, 403, 'public_url_not_set'])
    expect(answer.json.detail).toContain('Set PUBLIC_URL')
  }
})

test('a proxy is answered where PUBLIC_URL names the address, or where it and TRUSTED_PROXIES name one on this machine', async () => {
  const through = [
    ['Via', '1.1 proxy'],
    ['X-Forwarded-For', '203.0.113.9'],
  ] as [string, string][]
  const statusIn = async (env: Record<string, string>, ...headers: [string, string][]) => {
    const other = await makeProduct(env)
    const { call, close } = makeRawCaller(other.url)
    try {
      return (await call({ method: 'GET', path: '/sign-in', headers, body: undefined })).status
    } finally {
      close()
      await other.close()
    }
  }
  const local = { PUBLIC_URL: 'http://localhost:3000' }
  const proxies = { TRUSTED_PROXIES: '127.0.0.1,::1' }
  expect(await statusIn({ PUBLIC_URL: 'https://waitlist.example.com' }, ...through, ['Host', 'any.example'])).toBe(200)
  expect(await statusIn(local, ...through)).toBe(403)
  expect(await statusIn({ ...proxies, PUBLIC_URL: '' }, ...through)).toBe(403)
  expect(await statusIn({ ...proxies, ...local }, ...through)).toBe(200)
  expect(await statusIn({ ...proxies, ...local }, ...through, ['Host', 'any.example'])).toBe(403)
})
