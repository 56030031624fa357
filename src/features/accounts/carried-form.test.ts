import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile } from '../../../test/bring-file.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { actionsOf, textOf } from '../../../test/people.ts'
import { stopClock, turnOn } from '../../../test/two-factor.ts'
import { carriedRoutes } from './carried-form.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

type Form = Record<string, string | string[]>
type User = Awaited<ReturnType<typeof asUser>>

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const waitlist = await makeWaitlist(organisation, 'Launch')
  const user = await asUser(product, organisation.owner)
  const home = `/o/${organisation.slug}`
  return { organisation, user, home, setup: `${home}/waitlists/${waitlist}/setup`, waitlist }
}

/** What the page says of whose form it is. */
async function ownerIn(user: User, page: string): Promise<string> {
  return /name="form_owner" value="([\w-]+)"/.exec((await user.get(page)).html)?.[1] ?? ''
}

const carriedIn = (html: string) => /name="carried" value="([\w-]+)"/.exec(html)?.[1] ?? ''

/** Ended from elsewhere: the browser still sends its cookie. */
async function endSessions(userId: string) {
  await product.database.owner.kysely.deleteFrom('sessions').where('user_id', '=', userId).execute()
}

const setupForm = {
  name: 'Spring <launch>',
  description: 'First come,\r\nfirst served.',
  skip_amount: '7',
  version: '1',
}

/** A form of each route, where it is, and what of it the page shows afterwards. */
function formsOf(
  home: string,
  waitlist: string,
  file: string,
): Record<string, { page: string; to: string; form: Form; shown: RegExp[] }> {
  const list = `${home}/waitlists/${waitlist}`
  return {
    '/o/:slug/waitlists/:id/setup': {
      ...{ page: `${list}/setup`, to: `${list}/setup`, form: setupForm },
      shown: [/value="Spring &lt;launch&gt;"/, /First come,\s+first served\./, /name="skip_amount"[^>]*value="7"/],
    },
    '/o/:slug/waitlists/:id/add': {
      ...{ page: `${list}/add`, to: `${list}/add`, form: { email: 'grace@example.org' } },
      shown: [/value="grace@example\.org"/],
    },
    '/o/:slug/waitlists/:id/import/:import': {
      ...{ page: file, to: file },
      form: { email: '1', joined_at: '', delimiter: ';', has_header: 'on', step: 'start' },
      shown: [/value=";" selected/],
    },
    '/o/:slug/waitlists': {
      ...{ page: `${home}/waitlists/new`, to: `${home}/waitlists`, form: { name: 'Autumn' } },
      shown: [/value="Autumn"/],
    },
    '/o/:slug/api-keys': {
      ...{ page: `${home}/api-keys/new`, to: `${home}/api-keys` },
      form: { name: 'crm-sync', scopes: ['subscribers:read', 'subscribers:write'] },
      shown: [/value="crm-sync"/, /value="subscribers:read" checked/, /value="subscribers:write" checked/],
    },
    '/o/:slug/members/invitations': {
      ...{
        page: `${home}/members`,
        to: `${home}/members/invitations`,
        form: { email: 'linus@example.net', role: 'admin' },
      },
      shown: [/value="linus@example\.net"/, /value="admin" selected/],
    },
    '/o/:slug/settings': {
      ...{ page: `${home}/settings`, to: `${home}/settings`, form: { name: 'Difference Engines' } },
      shown: [/value="Difference Engines"/],
    },
    '/o/:slug/settings/slug': {
      ...{ page: `${home}/settings`, to: `${home}/settings/slug`, form: { slug: 'difference-engines' } },
      shown: [/value="difference-engines"/],
    },
  }
}

test('every long form that is sent after the session ended comes back after the sign-in, filled in and not saved', async () => {
  const { organisation, user, home, waitlist } = await setUp()
  const file = await bringFile(product, user, `${home}/waitlists/${waitlist}`, 'id;mail\n1;ada@example.org\n')
  const forms = formsOf(home, waitlist, file)
  expect(Object.keys(forms)).toEqual(carriedRoutes.map(({ path }) => path))
  for (const { page, to, form, shown } of Object.values(forms)) {
    const owner = await ownerIn(user, page)
    const before = await actionsOf(product, organisation)
    await endSessions(organisation.owner.id)
    const asked = await user.post(to, { ...form, form_owner: owner, form_nonce: 'x', password: 'never carried' })
    expect([asked.status, asked.headers.get('cache-control')]).toEqual([403, 'no-store'])
    expect(textOf(asked.html)).toMatch(/Sign in, and what you typed is filled in again\. It has not been saved yet\./)
    for (const pattern of shown) expect(asked.html).not.toMatch(pattern)
    const { email, password } = organisation.owner
    const wrong = await user.post('/sign-in', { email, password: 'not their password', carried: carriedIn(asked.html) })
    expect([wrong.status, carriedIn(wrong.html)]).toEqual([422, carriedIn(asked.html)])
    const back = await user.post('/sign-in', { email, password, next: page, carried: carriedIn(wrong.html) })
    expect([back.status, /<form method="post" action="([^"]+)" data-goes-on/.exec(back.html)?.[1]]).toEqual([200, to])
    const filled = await user.post(to, { carried: carriedIn(back.html) })
    expect([to, filled.status]).toEqual([to, 422])
    expect(textOf(filled.html)).toContain('It has not been saved yet')
    for (const pattern of shown) expect(filled.html).toMatch(pattern)
    expect(filled.html).toContain(`name="form_owner" value="${owner}"`)
    expect(await actionsOf(product, organisation)).toEqual(before)
  }
})

test('the setup that came back is saved by sending it, against the version it was begun from', async () => {
  const { organisation, user, setup } = await setUp()
  const owner = await ownerIn(user, setup)
  const { email, password } = organisation.owner
  await user.post('/sign-out')
  const asked = await user.post(setup, { ...setupForm, form_owner: owner })
  const back = await user.post('/sign-in', { email, password, carried: carriedIn(asked.html) })
  const { html } = await user.post(setup, { carried: carriedIn(back.html) })
  expect(/name="version" value="(\d+)"/.exec(html)?.[1]).toBe('1')
  expect(html).toMatch(/data-draft="unsaved"/)
  expect(textOf(html)).toMatch(/Not saved yet: Name, Description/)
  const overtaken = await user.post(setup, setupForm)
  expect(overtaken.status).toBe(409)
})

test('a form that came back is shown, not done, also where its action asks for the password again', async () => {
  const { organisation, user, home } = await setUp()
  const owner = await ownerIn(user, `${home}/api-keys/new`)
  const { email, password } = organisation.owner
  await endSessions(organisation.owner.id)
  const form = { name: 'crm-sync', scopes: 'subscribers:read', form_owner: owner }
  const carried = carriedIn((await user.post(`${home}/api-keys`, form)).html)
  const realClock = product.services.now
  const clock = stopClock(product)
  try {
    await user.post('/sign-in', { email, password })
    clock.wait(1_200)
    const shown = await user.post(`${home}/api-keys`, { carried, confirm_password: password })
    expect([shown.status, shown.html.includes('value="crm-sync"')]).toEqual([422, true])
    // Sent on purpose, it asks as ever.
    expect(textOf((await user.post(`${home}/api-keys`, form)).html)).toContain('Enter your password to create the key')
    expect(await actionsOf(product, organisation)).not.toContain('api_key.created')
  } finally {
    product.services.now = realClock
  }
})

test('what was typed passes the question for a code, also when another kind of code is asked for', async () => {
  const { organisation, user, setup } = await setUp()
  const realClock = product.services.now
  const clock = stopClock(product)
  try {
    const owner = await ownerIn(user, setup)
    const { secret, codes } = await turnOn(user, clock)
    await endSessions(organisation.owner.id)
    const asked = await user.post(setup, { ...setupForm, form_owner: owner })
    const { email, password } = organisation.owner
    const half = await user.post('/sign-in', { email, password, carried: carriedIn(asked.html) })
    expect([half.status, /name="code"/.test(half.html)]).toEqual([200, true])
    const carried = carriedIn(half.html)
    const other = await user.post('/sign-in/code', { carried, ask: 'recovery', code: '' })
    expect([other.status, carriedIn(other.html), other.html.includes('Recovery code')]).toEqual([200, carried, true])
    const wrong = await user.post('/sign-in/code', { carried, with: 'recovery', code: 'aaaa-bbbb-cccc-dddd' })
    expect([wrong.status, carriedIn(wrong.html)]).toEqual([422, carried])
    const back = await user.post('/sign-in/code', { carried, with: 'recovery', code: codes[0] ?? '' })
    expect(back.html).toContain(`action="${setup}" data-goes-on`)
    expect((await user.post(setup, { carried })).html).toContain('value="Spring &lt;launch&gt;"')
    expect(secret).not.toBe('')
  } finally {
    product.services.now = realClock
  }
})

test('a file is not kept, and the sign-in page says so; nor is a text too long to carry', async () => {
  const { organisation, user, setup, home, waitlist } = await setUp()
  const owner = await ownerIn(user, setup)
  await endSessions(organisation.owner.id)
  const upload = await fetch(`${product.url}${home}/waitlists/${waitlist}/import`, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: product.url, 'Content-Type': 'multipart/form-data; boundary=x' },
    body: '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nemail\r\n--x--\r\n',
  })
  const page = await upload.text()
  expect([upload.status, /name="next" value="([^"]+)"/.exec(page)?.[1]]).toEqual([
    403,
    `${home}/waitlists/${waitlist}/import`,
  ])
  expect(textOf(page)).toContain('Files are not kept: choose the file again once you are signed in.')
  for (const description of ['x'.repeat(9_000), 'x'.repeat(20_000)]) {
    const asked = await user.post(setup, { ...setupForm, description, form_owner: owner })
    expect([asked.status, carriedIn(asked.html)]).toEqual([403, ''])
    expect(textOf(asked.html)).toContain('too long to keep')
  }
})

test('a form from another site is refused, and one that does not say whose it is leads to the sign-in alone', async () => {
  const { organisation, user, setup, home } = await setUp()
  const owner = await ownerIn(user, setup)
  await endSessions(organisation.owner.id)
  const foreign = await user.post(setup, { ...setupForm, form_owner: owner }, { Origin: 'https://evil.example' })
  expect([foreign.status, carriedIn(foreign.html)]).toEqual([403, ''])
  for (const form_owner of ['', 'x', organisation.owner.id]) {
    const asked = await user.post(setup, { ...setupForm, ...(form_owner ? { form_owner } : {}) })
    expect(asked.location).toBe(`/sign-in?next=${encodeURIComponent(`${home}/waitlists`)}`)
  }
})
