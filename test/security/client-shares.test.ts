import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { asUser } from '../as.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestOrganisation, type TestProduct } from '../make.ts'

let direct: TestProduct
/** The same behind a proxy that is trusted. */
let behindProxy: TestProduct
let organisation: TestOrganisation
const sockets: Socket[] = []
beforeAll(async () => {
  direct = await makeProduct()
  behindProxy = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' }, direct)
  organisation = await makeOrganisation(direct)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
})
afterAll(async () => {
  await behindProxy.close()
  await direct.close()
})

interface Heard {
  answer: string
  isClosed: boolean
}

/** Connections of one client, each with what it sends first; what came back on each. */
async function open(product: TestProduct, count: number, first = '') {
  const { port } = new URL(product.url)
  const openOne = async (): Promise<Heard> => {
    const socket = connect(Number(port), '127.0.0.1')
    const heard: Heard = { answer: '', isClosed: false }
    socket.on('data', (chunk) => {
      heard.answer += chunk
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      heard.isClosed = true
    })
    sockets.push(socket)
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))
    if (first) socket.write(first)
    return heard
  }
  const opened: Heard[] = []
  // What the system holds for a server that is to accept it is a few hundred.
  while (opened.length < count)
    opened.push(...(await Promise.all(Array.from({ length: Math.min(100, count - opened.length) }, openOne))))
  return {
    closed: () => opened.filter(({ isClosed }) => isClosed).length,
    answered: (status: number) => opened.filter(({ answer }) => answer.startsWith(`HTTP/1.1 ${status}`)).length,
  }
}

const statusOf = async (product: TestProduct) =>
  fetch(`${product.url}/healthz`, { headers: { Connection: 'close' } }).then(
    ({ status }) => status,
    () => 'closed',
  )
const shortly = { timeout: 30_000 }

test('connections of one address past its share are closed and logged once, and a trusted proxy has no share', async () => {
  const many = await open(direct, 2_100)
  await expect.poll(many.closed, shortly).toBe(100)
  expect(direct.logged().match(/"count":\d+,"msg":"connections were closed/g)).toHaveLength(1)
  for (const socket of sockets.splice(0)) socket.destroy()
  await expect.poll(() => statusOf(direct), shortly).toBe(200)

  const proxied = await open(behindProxy, 2_100)
  expect(await statusOf(behindProxy)).toBe(200)
  expect(proxied.closed()).toBe(0)
})

const signIn = (product: TestProduct, length: number, sent: string, headers = '') =>
  `POST /sign-in HTTP/1.1\r\nHost: localhost\r\nOrigin: ${product.url}\r\nContent-Type: application/x-www-form-urlencoded\r\n${headers}Content-Length: ${length}\r\n\r\n${sent}`

test('a form of a stranger takes 16 KB, and one of somebody who is signed in 256 KB', async () => {
  const owner = await asUser(direct, organisation.owner)
  const stranger = await asUser(direct, undefined)
  const form = (bytes: number) => ({ email: 'nobody@example.com', password: 'x', fill: 'x'.repeat(bytes) })
  expect((await stranger.post('/sign-in', form(16_000))).status).toBe(422)
  for (const path of ['/sign-in', '/sign-up', '/forgot-password', '/account/name'])
    expect([path, (await stranger.post(path, form(17_000))).status]).toEqual([
      path,
      path === '/account/name' ? 303 : 413,
    ])
  const waitlist = await makeWaitlist(organisation)
  const add = `/o/${organisation.slug}/waitlists/${waitlist}/add`
  expect((await owner.post(add, { ...form(200_000), email: 'large@example.com' })).status).not.toBe(413)
  expect((await owner.post(add, form(300_000))).status).toBe(413)
})

test('a body that is too large by its own word, or no form, is refused before any of it is read', async () => {
  const large = await open(direct, 1, signIn(direct, 250_000, 'email=a'))
  await expect.poll(() => large.answered(413), shortly).toBe(1)
  const noForm = signIn(direct, 10_000, 'email=a').replace('x-www-form-urlencoded', 'json')
  const other = await open(direct, 1, noForm)
  await expect.poll(() => other.answered(415), shortly).toBe(1)
})

test('unfinished bodies of one address past its share are 429, those of others are taken, and room comes back', async () => {
  const forwarded = (ip: string) => `X-Forwarded-For: ${ip}\r\n`
  const unfinished = signIn(behindProxy, 16_000, 'email='.padEnd(12_000, 'x'), forwarded('192.0.2.1'))
  const many = await open(behindProxy, 1_500, unfinished)
  await expect.poll(() => many.answered(429), shortly).toBeGreaterThan(100)
  const finished = (ip: string) => signIn(behindProxy, 7, 'email=a', forwarded(ip))
  const other = await open(behindProxy, 1, finished('192.0.2.2'))
  await expect.poll(() => other.answered(422), shortly).toBe(1)
  for (const socket of sockets.splice(0)) socket.destroy()
  await expect
    .poll(async () => {
      const again = await open(behindProxy, 1, finished('192.0.2.1'))
      await expect.poll(() => again.answered(422) + again.answered(429), shortly).toBe(1)
      return again.answered(422)
    }, shortly)
    .toBe(1)
})

test('uploads of one address past its share are 429', async () => {
  const owner = await asUser(behindProxy, organisation.owner)
  const waitlist = await makeWaitlist(organisation)
  const head = [
    `POST /o/${organisation.slug}/waitlists/${waitlist}/import?form_nonce=x HTTP/1.1`,
    ...['Host: localhost', `Origin: ${behindProxy.url}`, `Cookie: ${owner.cookie()}`, 'X-Forwarded-For: 192.0.2.3'],
    ...['Content-Type: multipart/form-data; boundary=x', 'Content-Length: 1000000', '', '--x\r\nContent-Disposition: '],
  ].join('\r\n')
  const uploads = await open(behindProxy, 13, head)
  await expect.poll(() => uploads.answered(429), shortly).toBe(3)
  expect(uploads.closed()).toBeLessThanOrEqual(3)
})

test('four networks that send bodies and do not end them leave room for those of another', async () => {
  const owner = await asUser(behindProxy, organisation.owner)
  const [length, sent] = [250_000, 249_999]
  const head = (ip: string) =>
    [
      ...['POST /account/name HTTP/1.1', 'Host: localhost', `Origin: ${behindProxy.url}`, `Cookie: ${owner.cookie()}`],
      ...['Content-Type: application/x-www-form-urlencoded', `X-Forwarded-For: ${ip}`, `Content-Length: ${length}`],
    ].join('\r\n')
  const unfinished = (ip: string) => `${head(ip)}\r\n\r\n${'name=Ada&fill='.padEnd(sent, 'x')}`
  const flood: Awaited<ReturnType<typeof open>>[] = []
  for (const ip of [1, 2, 3, 4].flatMap((n) => [`198.51.${n}.1`, `198.51.${n}.2`]))
    flood.push(await open(behindProxy, 70, unfinished(ip)))
  const refused = () => flood.reduce((sum, { answered }) => sum + answered(429) + answered(503), 0)
  await expect.poll(refused, shortly).toBeGreaterThan(20)
  const floodSockets = sockets.splice(0)
  const other = await open(behindProxy, 8, unfinished('203.0.113.1'))
  for (const socket of sockets) socket.write('x')
  await expect.poll(() => other.answered(303), shortly).toBe(8)
  sockets.push(...floodSockets)
})
