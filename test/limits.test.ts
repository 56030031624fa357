import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newFormNonce } from '../src/platform/form-nonce.ts'
import { asApiKey, asUser } from './as.ts'
import { makeApiCaller, makeProduct, makeWaitlist, type TestProduct } from './make.ts'

let product: TestProduct
let secret: string
let path: string
let owner: Awaited<ReturnType<typeof asUser>>
let home: string
beforeAll(async () => {
  product = await makeProduct({
    ...{ STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_WEBHOOK_SECRET: 'whsec_x' },
    ...{ STRIPE_PRICE_PRO: 'price_pro', STRIPE_PRICE_TEAM: 'price_team' },
  })
  const caller = await makeApiCaller(product)
  ;({ secret, path } = caller)
  owner = await asUser(product, caller.organisation.owner)
  home = `/o/${caller.organisation.slug}/waitlists/${await makeWaitlist(caller.organisation)}`
})
afterAll(() => product.close())

/** Sends a body without end, in chunks of 64 KiB as they are taken; what comes back, and how much was taken of it. */
function sendEndless(head: string[], begin = ''): Promise<{ answer: string; bytes: number }> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(product.url).port), '127.0.0.1')
    const piece = `10000\r\n${'a'.repeat(0x10000)}\r\n`
    let answer = ''
    const more = () => {
      while (socket.writable && socket.bytesWritten < 2 ** 30 && socket.write(piece));
    }
    socket.on('connect', () => {
      socket.write(`${[...head, 'Host: localhost', 'Transfer-Encoding: chunked'].join('\r\n')}\r\n\r\n`)
      if (begin) socket.write(`${begin.length.toString(16)}\r\n${begin}\r\n`)
      more()
    })
    socket.on('drain', more)
    socket.on('data', (chunk) => (answer += chunk))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve({ answer, bytes: socket.bytesWritten }))
    // An answer without a close: what more there is nobody takes.
    socket.setTimeout(2_000, () => socket.destroy())
  })
}

test('of a body without end no more is taken than is allowed and lies on the way', async () => {
  const origin = `Origin: ${product.url}`
  const form = [origin, 'Content-Type: application/x-www-form-urlencoded']
  const cookie = `Cookie: ${owner.cookie()}`
  const bodies: [string[], number][] = [
    [[`POST /v1/api${path} HTTP/1.1`, `Authorization: Bearer ${secret}`, 'Content-Type: application/json'], 413],
    [['POST /webhooks/stripe HTTP/1.1', 'Stripe-Signature: t=1,v1=x'], 413],
    [['POST /sign-in HTTP/1.1', ...form], 413],
    [['POST /sign-up HTTP/1.1', ...form], 413],
    [[`POST ${home}/add HTTP/1.1`, ...form, cookie], 413],
    [['POST /account/name HTTP/1.1', ...form, cookie], 413],
  ]
  for (const [head, status] of bodies) {
    const { answer, bytes } = await sendEndless(head)
    expect([head[0], answer.slice(0, 12)]).toEqual([head[0], `HTTP/1.1 ${status}`])
    expect(bytes).toBeLessThan(32 * 2 ** 20)
  }
})

test('a form has one file and no end of other parts, heads or fields', async () => {
  const upload = (body: string) =>
    fetch(`${product.url}${home}/import?form_nonce=${newFormNonce()}`, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: {
        'Content-Type': 'multipart/form-data; boundary=x',
        Origin: product.url,
        Cookie: owner.cookie(),
      },
    })
  const part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'
  expect((await upload(`${part.repeat(200)}--x--\r\n`)).status).toBe(400)
  expect((await upload(`--x\r\n${'A: b\r\n'.repeat(2_000)}\r\n`)).status).toBe(400)
  const visitor = await asUser(product, undefined)
  const fields = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`f${i}`, '1']))
  expect((await visitor.post('/sign-in', fields)).status).toBe(400)
})

test('thousands of parameters and of levels are answered as few are', async () => {
  const api = asApiKey(product, secret)
  const many = Array.from({ length: 2_000 }, (_, i) => `${i}=`).join('&')
  expect((await api.get(`${path}?${many}`)).status).toBe(200)
  expect((await api.get(`${path}?${'limit=1&'.repeat(1_500)}`)).json.errors[0].code).toBe('repeated')
  expect((await owner.get(`/account?${many}`)).status).toBe(200)
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const levels = Math.floor(16_000 / (open.length + close.length))
    const deep = `${open.repeat(levels)}1${close.repeat(levels)}`
    for (const body of [
      deep,
      `{"email":${deep.slice(0, 8_000)}`,
      `{"email":"deep@example.com","x":${deep.slice(2_000, -2_000)}}`,
    ])
      expect([400, 413, 422]).toContain((await api.post(path, body)).status)
    expect((await api.post(path, deep)).status).toBe(422)
  }
  expect(product.logged()).not.toMatch(/"level":50/)
})
