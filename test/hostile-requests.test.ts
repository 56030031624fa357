import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/app.tsx'
import { faultsOf } from './answer-faults.ts'
import { asUser } from './as.ts'
import { furnish, type Place } from './e2e/furnish.ts'
import { reportFigure } from './figures.ts'
import { broken, elsewhere, evil, forged, leadsAway, parameters, site } from './hostile-values.ts'
import { makeProduct, type TestProduct } from './make.ts'
import { mailsTo } from './people.ts'
import { makeRawCaller } from './raw-call.ts'
import { formFor, idsOf, pathOf, type Route } from './replayed-routes.ts'
import { makeDigester } from './table-digests.ts'

interface Caller {
  product: TestProduct
  publicUrl: string
  cookie: string
  call: ReturnType<typeof makeRawCaller>
}

let product: TestProduct
/** The same behind a proxy that speaks https, where no other's word is taken for who asks. */
let secure: TestProduct
let place: Place
let routes: Route[]
let invitation: string
let callers: Caller[]
let asked = 0

beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1' })
  secure = await makeProduct({ PUBLIC_URL: site }, product)
  const words = { keys: ['crm', 'old'], waitlists: ['Launch', 'Later'], description: 'x', organisation: 'Acme' }
  const people = { person: 'Ada', userAgent: 'crm/1.0', emails: ['a@example.com', 'b@example.com'] }
  place = await furnish(product, { ...words, ...people })
  const owner = await asUser(product, place.organisation.owner)
  const cookie = owner.cookie()
  // Where somebody was last is kept as they go there.
  await owner.get(`/o/${place.organisation.slug}/waitlists`)
  const found = product.database.owner.kysely.selectFrom('invitations').select('id')
  invitation = (await found.executeTakeFirstOrThrow()).id
  const app = createApp(product.services)
  const registered = app.routes.filter(({ method, path }) => /^(GET|POST)$/.test(method) && !path.includes('*'))
  routes = [
    ...new Map(
      registered.map(({ method, path }) => [`${method} ${path}`, { method, pattern: path } as Route]),
    ).values(),
  ]
  for (const pattern of ['/nowhere', '/v1/api/key', '/v1/nothing', '/o/nobody/waitlists'])
    routes.push({ method: 'GET', pattern }, { method: 'POST', pattern })
  callers = [
    { product, publicUrl: product.url, cookie, call: makeRawCaller(product.url) },
    { product: secure, publicUrl: site, cookie: `__Host-${cookie}`, call: makeRawCaller(secure.url) },
  ]
})
afterAll(async () => {
  for (const { call } of callers) call.close()
  await secure.close()
  await product.close()
  reportFigure('hostile requests', asked)
})

function pathTo(route: Route): string {
  const { pattern } = route
  if (pattern.startsWith('/o/:slug')) {
    const slug = pattern.includes('/deleted') ? place.deletedSlug : place.organisation.slug
    return pathOf(route, slug, idsOf(place, invitation, route))
  }
  if (pattern === '/invitations/:token') return place.invitation
  if (pattern === '/confirm-email/:token') return place.emailChange
  if (pattern === '/s/:token') return place.status
  return pattern.replace(':code', 'not_found').replace('/docs/:slug', '/docs/api-keys').replace(/:\w+/g, 'abc')
}

interface Asking {
  query?: string
  form?: Record<string, string | string[]>
  headers?: [string, string][]
  as: 'owner' | 'stranger'
}

async function ask(caller: Caller, route: Route, { query = '', form = {}, headers = [], as }: Asking) {
  const body = new URLSearchParams(
    Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one])),
  )
  const sent: [string, string][] = [
    ...(as === 'owner' ? ([['Cookie', caller.cookie]] as [string, string][]) : []),
    ...(route.method === 'POST'
      ? ([
          ['Content-Type', 'application/x-www-form-urlencoded'],
          ['Origin', caller.publicUrl],
        ] as [string, string][])
      : []),
    ...headers,
  ]
  const path = pathTo(route) + (query ? `?${query}` : '')
  asked += 1
  const answer = await caller.call.call({
    method: route.method,
    path,
    headers: sent,
    body: route.method === 'POST' ? Buffer.from(body.toString()) : undefined,
  })
  return { ...answer, faults: [...faultsOf(answer), ...(answer.status >= 500 ? [`status ${answer.status}`] : [])] }
}

const callerOf = (i: number) => callers[i % 2] as Caller
const gets = () => routes.filter(({ method }) => method === 'GET')
const posts = () => {
  // What ends the session or takes something away comes last.
  const last = /sign-out|password|remove|archive|revoke|cancel|delete|end$/
  return routes
    .filter(({ method }) => method === 'POST')
    .toSorted((a, b) => Number(last.test(a.pattern)) - Number(last.test(b.pattern)))
}

test('no page is kept, framed or taken for something else, and none changes anything, fetched beforehand or not', async () => {
  const digest = await makeDigester(product.database.owner, { except: ['sessions', 'rate_limits', 'api_key_usage'] })
  const before = await digest()
  const faults: unknown[] = []
  for (const caller of callers)
    expect((await ask(caller, { method: 'GET', pattern: '/account' }, { as: 'owner' })).status).toBe(200)
  const beforehand: [string, string][][] = [
    [],
    [
      ['Purpose', 'prefetch'],
      ['Sec-Purpose', 'prefetch;prerender'],
      ['X-Moz', 'prefetch'],
    ],
  ]
  for (const caller of callers)
    for (const route of gets())
      for (const as of ['owner', 'stranger'] as const)
        for (const headers of beforehand) {
          const answer = await ask(caller, route, { headers, as })
          faults.push(...answer.faults.map((fault) => [as, route.pattern, fault]))
          const isSecure = answer.headers.has('strict-transport-security')
          if (isSecure !== (caller.product === secure)) faults.push([route.pattern, 'strict-transport-security'])
        }
  expect(faults).toEqual([])
  expect(await digest()).toEqual(before)
})

test('no page leads to where its address says, and no line break in it becomes a header', async () => {
  const faults: unknown[] = []
  let leading = 0
  for (const [i, route] of gets().entries())
    for (const as of ['owner', 'stranger'] as const) {
      const goTo = (value: string) =>
        ask(callerOf(i), route, {
          query: parameters.map((name) => `${name}=${encodeURIComponent(value)}`).join('&'),
          as,
        })
      const own = await goTo('/docs/errors?own')
      const doesLead = (own.text + own.headers.get('location')).includes('/docs/errors?own')
      leading += doesLead ? 1 : 0
      const some = [0, 1, 2].map((n) => elsewhere[(i * 3 + n) % elsewhere.length] ?? '')
      for (const value of [...(doesLead ? elsewhere : some), ...broken]) {
        const answer = await goTo(value)
        faults.push(...[...answer.faults, ...leadsAway(answer)].map((fault) => [as, route.pattern, value, fault]))
      }
    }
  expect(faults).toEqual([])
  expect(leading).toBeGreaterThan(3)
})

test('whoever the request says it was sent to, no answer and no mail believes it', async () => {
  const faults: unknown[] = []
  const heard = async (caller: Caller, route: Route, asking: Asking) => {
    const answer = await ask(caller, route, asking)
    const told = answer.text.includes(evil) || JSON.stringify([...answer.headers]).includes(evil)
    faults.push(...[...answer.faults, ...(told ? ['believed'] : [])].map((fault) => [asking.as, route, fault]))
  }
  for (const caller of callers)
    for (const headers of [
      forged,
      [['Host', evil] as [string, string], ...forged],
      [['Host', `${evil}:80`] as [string, string]],
    ]) {
      for (const route of gets())
        for (const as of ['owner', 'stranger'] as const) await heard(caller, route, { headers, as })
      for (const route of posts())
        await heard(caller, route, { headers, as: 'stranger', form: { email: place.organisation.owner.email } })
    }
  for (const route of ['/account/email', '/o/:slug/members/invitations'])
    for (const [i, caller] of callers.entries())
      await heard(
        caller,
        { method: 'POST', pattern: route },
        { headers: [['Host', evil], ...forged], as: 'owner', form: { email: `new-${i}@example.com`, role: 'member' } },
      )
  expect(faults).toEqual([])
  await mailsTo(product, '')
  const links = product.mails.flatMap(({ text }) => text.match(/\w+:\/\/[^/\s]+/g) ?? [])
  expect(new Set(links)).toEqual(new Set([product.url, site]))
  expect(product.mails.map(({ text }) => /\/(reset-password|invitations|confirm-email)\//.exec(text)?.[1])).toEqual(
    expect.arrayContaining(['reset-password', 'invitations', 'confirm-email']),
  )
  expect(JSON.stringify(product.mails)).not.toContain(evil)
})

test('no form leads elsewhere or breaks out of a header, for whoever may send it', async () => {
  const faults: unknown[] = []
  for (const [i, route] of posts().entries())
    for (const as of ['stranger', 'owner'] as const)
      for (const value of [
        elsewhere[(i * 2) % elsewhere.length] ?? '',
        elsewhere[(i * 2 + 1) % elsewhere.length] ?? '',
        ...broken,
      ]) {
        const fields = Object.entries({
          ...formFor(place, place.memberId, route),
          ...Object.fromEntries(parameters.map((name) => [name, ''])),
        })
        const form = Object.fromEntries(fields.map(([name]) => [name, value]))
        const answer = await ask(callerOf(i), route, { form, as })
        faults.push(...[...answer.faults, ...leadsAway(answer)].map((fault) => [as, route.pattern, value, fault]))
      }
  expect(faults).toEqual([])
})
