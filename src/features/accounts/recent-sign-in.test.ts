import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser, type PageAnswer } from '../../../test/as.ts'
import { makeMember, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, signUp, textOf } from '../../../test/people.ts'
import { createApp } from '../../app.tsx'
import { newFormNonce } from '../../platform/form-nonce.ts'
import { guardedActions } from './guarded-actions.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const owner = await asUser(product, organisation.owner)
  const home = `/o/${organisation.slug}`
  return { organisation, owner, home, password: organisation.owner.password, age: () => age(organisation.owner.email) }
}

/** As if eleven minutes had gone by since somebody signed in. */
async function age(email: string) {
  await sql`update sessions set confirmed_at = confirmed_at - interval '11 minutes'
    where user_id = (select id from users where email = ${email})`.execute(product.database.owner.kysely)
}

/** What the page would send again: every hidden field, as a browser without JavaScript does. */
function hidden(page: PageAnswer): Record<string, string | string[]> {
  const main = page.html.slice(page.html.indexOf('<main'))
  const fields: Record<string, string | string[]> = {}
  for (const [, name = '', value = ''] of main.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)) {
    const text = value
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&')
    fields[name] = name in fields ? [fields[name] ?? '', text].flat() : text
  }
  return fields
}

const keyForm = () => ({
  name: 'crm "<b>" 🚀',
  scopes: ['subscribers:read', 'subscribers:write'],
  form_nonce: newFormNonce(),
})

test('every guarded action exists, and nothing that sounds like one is left out', () => {
  const posts = createApp(product.services).routes.filter(({ method }) => method === 'POST')
  const registered = posts.map(({ path }) => path)
  // The guard itself, and what it guards.
  for (const { path } of guardedActions)
    expect([path, registered.filter((one) => one === path).length]).toEqual([path, 2])
  const guarded = new Set(guardedActions.map(({ path }) => path))
  const known = [
    '/o/:slug/api-keys/:id/revoke',
    '/o/:slug/members/invitations/:id/withdraw',
    '/account/email/cancel',
    // Loses nothing.
    '/o/:slug/deleted/restore',
    // Asks for the password by itself.
    '/account/two-factor/off',
    '/account/password',
  ]
  const grave = /api-keys|role|owner|transfer|delet|invit|two-factor|email|password|\/slug$|\/plan|settings\/export/
  const open = /^\/(sign-|forgot-|reset-|invitations|confirm-email)/
  expect(
    registered.filter((path) => grave.test(path) && !open.test(path) && !guarded.has(path) && !known.includes(path)),
  ).toEqual([])
})

test('whoever signed in less than ten minutes ago notices nothing', async () => {
  const { owner, home } = await setUp()
  expect((await owner.post(`${home}/api-keys`, keyForm())).status).toBe(201)
})

test('later the password is asked for once, and the key is made as it was typed', async () => {
  const { organisation, owner, home, age, password } = await setUp()
  await age()
  const form = keyForm()
  const asked = await owner.post(`${home}/api-keys`, form)
  expect([asked.status, asked.headers.get('cache-control')]).toEqual([403, 'no-store'])
  expect(textOf(asked.html)).toContain('Enter your password to create the key')
  expect(hidden(asked)).toEqual(form)
  expect(asked.html).toContain(`action="${home}/api-keys"`)
  expect(asked.html).toContain(`<a href="${home}/api-keys">Cancel</a>`)
  expect(await log(product, home)).toHaveLength(1)

  const wrong = await owner.post(`${home}/api-keys`, { ...hidden(asked), confirm_password: 'not the password' })
  expect([wrong.status, textOf(wrong.html).includes('This is not your password')]).toEqual([422, true])
  expect(hidden(wrong)).toEqual(form)
  expect(wrong.html).not.toContain('not the password')

  const made = await owner.post(`${home}/api-keys`, { ...hidden(wrong), confirm_password: password })
  expect(made.status).toBe(201)
  expect((await log(product, home)).slice(1)).toMatchObject([
    { action: 'api_key.created', changes: { after: { name: form.name, scopes: form.scopes } } },
  ])
  // And not asked again for the next ten minutes.
  expect((await owner.post(`${home}/api-keys`, { ...keyForm(), name: 'second' })).status).toBe(201)
  expect(organisation.slug).toBeTruthy()
})

test('a double click on the confirmation makes one key', async () => {
  const { owner, home, age, password } = await setUp()
  await age()
  const form = { ...hidden(await owner.post(`${home}/api-keys`, keyForm())), confirm_password: password }
  const pages = await Promise.all([owner.post(`${home}/api-keys`, form), owner.post(`${home}/api-keys`, form)])
  expect(pages.map((page) => page.status).sort()).toEqual([201, 409])
  expect(await log(product, home)).toHaveLength(2)
})

test('mistakes beside a field come after the password, with what was typed', async () => {
  const { owner, home, age, password } = await setUp()
  await age()
  const asked = await owner.post(`${home}/api-keys`, { name: 'no scopes', form_nonce: newFormNonce() })
  const refused = await owner.post(`${home}/api-keys`, { ...hidden(asked), confirm_password: password })
  expect(refused.status).toBe(422)
  expect(refused.html).toContain('value="no scopes"')
})

test('every guarded action of an organisation does nothing before the password, and what was wanted after it', async () => {
  const { organisation, owner, home, age, password } = await setUp()
  const member = await makeMember(product, organisation, 'member')
  const wanted: [string, Record<string, string>, number][] = [
    [`${home}/api-keys`, { name: 'k', scopes: 'subscribers:read' }, 201],
    [`${home}/members/${member.id}/role`, { role: 'admin' }, 303],
    [`${home}/members/invitations`, { email: 'new@example.com', role: 'admin' }, 303],
    [`${home}/plan`, { plan: 'pro' }, 303],
    [`${home}/members/transfer`, { to: member.id }, 303],
  ]
  for (const [path, form, status] of wanted) {
    await age()
    const rows = (await log(product, home)).length
    const asked = await owner.post(path, form)
    expect([path, asked.status, (await log(product, home)).length]).toEqual([path, 403, rows])
    expect(asked.html).toContain('name="confirm_password"')
    const done = await owner.post(path, { ...hidden(asked), confirm_password: password })
    expect([path, done.status, (await log(product, home)).length]).toEqual([path, status, rows + 1])
  }
})

test('the whole of an organisation is downloaded after the password alone, which the page that asked for it says', async () => {
  const { owner, home, age, password } = await setUp()
  await age()
  const rows = (await log(product, home)).length
  const asked = await owner.post(`${home}/settings/export`)
  expect([asked.status, (await log(product, home)).length]).toEqual([403, rows])
  expect(textOf(asked.html)).toContain('Enter your password to download everything of the organisation')
  // The answer is a file: a button that says it is working would say so for good.
  expect(asked.html).toMatch(/<form method="post" action="[^"]*\/settings\/export" data-download/)
  const wrong = await owner.post(`${home}/settings/export`, { confirm_password: 'not the password' })
  expect([wrong.status, (await log(product, home)).length]).toEqual([422, rows])
  const done = await owner.post(`${home}/settings/export`, { confirm_password: password })
  expect([done.status, done.headers.get('content-type')]).toEqual([200, 'application/zip'])
  expect((await log(product, home)).at(-1)?.action).toBe('organisation.exported')
})

test('the slug is changed after the password alone', async () => {
  const { organisation, owner, home, age, password } = await setUp()
  await age()
  const form = { slug: `${organisation.slug}-moved` }
  const asked = await owner.post(`${home}/settings/slug`, form)
  expect([asked.status, hidden(asked), (await owner.get(`${home}/waitlists`)).status]).toEqual([403, form, 200])
  const done = await owner.post(`${home}/settings/slug`, { ...hidden(asked), confirm_password: password })
  expect([done.status, done.location]).toEqual([303, expect.stringContaining(`/o/${form.slug}/`)])
})

test('what is paid for at Stripe is changed after the password alone', async () => {
  const { owner, home, age } = await setUp()
  await age()
  for (const [path, form] of [
    [`${home}/plan/checkout`, { plan: 'pro' }],
    [`${home}/plan/portal`, { task: 'manage' }],
  ] as const)
    expect([path, (await owner.post(path, form)).status]).toEqual([path, 403])
})

test('deleting the organisation and changing the e-mail address need it too', async () => {
  const { organisation, owner, home, age, password } = await setUp()
  await age()
  for (const [path, form] of [
    [`${home}/settings/delete`, { slug: organisation.slug }],
    ['/account/email', { email: 'other@example.com' }],
  ] as const) {
    const asked = await owner.post(path, form)
    expect([path, asked.status, hidden(asked)]).toEqual([path, 403, form])
  }
  expect((await owner.get(`${home}/waitlists`)).status).toBe(200)
  expect(textOf((await owner.get('/account')).html)).not.toContain('waits to be confirmed')
  const done = await owner.post('/account/email', { email: 'other@example.com', confirm_password: password })
  expect(done.location).toBe('/account?saved=email')
})

test('inviting a plain member, revoking a key and signing out ask for nothing', async () => {
  const { owner, home, age } = await setUp()
  const made = await owner.post(`${home}/api-keys`, keyForm())
  const id = /api-keys\/(key_\w+)\/revoke/.exec((await owner.get(`${home}/api-keys`)).html)?.[1]
  expect(made.status).toBe(201)
  await age()
  const invited = await owner.post(`${home}/members/invitations`, { email: 'plain@example.com', role: 'member' })
  expect(invited.status).toBe(303)
  expect((await owner.post(`${home}/api-keys/${id}/revoke`)).status).toBe(303)
  expect((await owner.post('/sign-out')).status).toBe(303)
})

test('the password confirms the session it was typed in, and no other', async () => {
  const { organisation, owner, home, age, password } = await setUp()
  const other = await asUser(product, organisation.owner)
  await age()
  expect((await owner.post(`${home}/api-keys`, { ...keyForm(), confirm_password: password })).status).toBe(201)
  expect((await other.post(`${home}/api-keys`, { ...keyForm(), name: 'x' })).status).toBe(403)
})

test('a stranger at an open browser can guess a few times only, and its person elsewhere is not kept out', async () => {
  const { organisation, owner, home, age, password } = await setUp()
  const elsewhere = await asUser(product, organisation.owner)
  await age()
  let last = 0
  for (let i = 0; i < 15 && last !== 429; i++)
    last = (await owner.post(`${home}/api-keys`, { ...keyForm(), confirm_password: `guess ${i}` })).status
  expect(last).toBe(429)
  expect((await elsewhere.post(`${home}/api-keys`, { ...keyForm(), confirm_password: password })).status).toBe(201)
})

test('whoever may not do it is told so after the password, strangers before; roles are what they were', async () => {
  const { organisation, home } = await setUp()
  const person = await makeMember(product, organisation, 'member')
  const member = await asUser(product, person)
  await age(person.email)
  const form = { ...keyForm(), confirm_password: person.password }
  expect((await member.post(`${home}/api-keys`, form)).status).toBe(403)
  expect(await log(product, home)).toHaveLength(1)
  const eve = await signUp(product, `eve-${organisation.slug}@example.com`)
  await age(eve.email)
  expect((await eve.post(`${home}/api-keys`, keyForm())).status).toBe(404)
  const stranger = await asUser(product, undefined)
  expect((await stranger.post(`${home}/api-keys`, keyForm())).location).toMatch(/^\/sign-in/)
})
