import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { readConfig } from '../config.ts'
import type { AppEnv } from './app-env.ts'
import { sameOriginOnly } from './same-origin.ts'

async function post(publicUrl: string, headers: Record<string, string>, method = 'POST'): Promise<number> {
  const app = new Hono<AppEnv>()
  app.use(sameOriginOnly(readConfig({ PUBLIC_URL: publicUrl }).config))
  app.all('/', (c) => c.text('done'))
  app.onError((_, c) => c.text('refused', 403))
  return (await app.request('/', { method, headers })).status
}

const site = 'https://queueup.example'

test('what the browser says of where a form comes from decides', async () => {
  expect(await post(site, { 'sec-fetch-site': 'same-origin' })).toBe(200)
  for (const value of ['same-site', 'cross-site', 'none', 'SAME-ORIGIN', '']) {
    expect(await post(site, { 'sec-fetch-site': value, origin: site })).toBe(403)
  }
  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    expect(await post(site, { 'sec-fetch-site': 'cross-site' }, method)).toBe(403)
  }
  expect(await post(site, { 'sec-fetch-site': 'cross-site' }, 'GET')).toBe(200)
})

test('a browser that says nothing of it is judged by Origin', async () => {
  expect(await post(site, { origin: site })).toBe(200)
  for (const origin of ['http://queueup.example', 'https://queueup.example:8443', 'https://evil.example', 'null', '']) {
    expect(await post(site, { origin })).toBe(403)
  }
  expect(await post(site, {})).toBe(403)
})

test('a page that was opened at another address of the server is told so, and another site learns nothing of it', async () => {
  const told = async (headers: Record<string, string>) => {
    const app = new Hono<AppEnv>()
    app.use(sameOriginOnly(readConfig({ PUBLIC_URL: site }).config))
    app.onError((error, c) => c.text(error.message, 403))
    return (await app.request('/', { method: 'POST', headers })).text()
  }
  for (const host of ['queueup.example', '192.168.1.5:3000', 'www.queueup.example'])
    expect(await told({ host, origin: `http://${host}` })).toMatch(
      /^The address of this server is https:\/\/queueup\.example, and you opened it at another one, .* must correct PUBLIC_URL/,
    )
  for (const origin of ['https://evil.example', 'null', '']) {
    expect(await told({ host: 'queueup.example', origin })).toMatch(/^This form was sent from another site/)
  }
})

test('on this machine all its names are ours, at our port', async () => {
  const local = 'http://localhost:3000'
  for (const host of ['localhost', '127.0.0.1', '[::1]']) {
    expect(await post(local, { origin: `http://${host}:3000` })).toBe(200)
    expect(await post(local, { origin: `http://${host}:4000` })).toBe(403)
  }
  expect(await post(site, { origin: 'http://localhost:3000' })).toBe(403)
})
