import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestProduct,
} from '../../../test/make.ts'
import { actionsOf, textOf } from '../../../test/people.ts'
import type { Plan } from '../plans/plan-rules.ts'
import { setPlan } from '../plans/set-plan.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp(plan: Plan = 'pro') {
  const organisation = await makeOrganisation(product, plan)
  return { organisation, user: await asUser(product, organisation.owner), base: `/o/${organisation.slug}/waitlists` }
}

describe('creating a waitlist', () => {
  test('leads to its empty page and stands in the list', async () => {
    const { organisation, user, base } = await setUp()
    expect((await user.get(base)).html).toContain('No waitlists yet')
    const created = await user.post(base, { name: ' Spring <launch> ' })
    expect([created.status, created.location]).toEqual([
      303,
      expect.stringMatching(new RegExp(`^${base}/wl_[0-9A-Za-z]+$`)),
    ])
    expect((await user.get(created.location ?? '')).html).toContain('Nobody has joined yet')
    expect((await user.get(base)).html).toContain('Spring &lt;launch&gt;')
    expect(await actionsOf(product, organisation)).toEqual(['organisation.created', 'waitlist.created'])
  })

  test('by a form sent twice makes one', async () => {
    const { user, base } = await setUp()
    const nonce = /name="form_nonce" value="([^"]+)"/.exec((await user.get(`${base}/new`)).html)?.[1] ?? ''
    const form = { name: 'Once', form_nonce: nonce }
    const [first, second] = await Promise.all([user.post(base, form), user.post(base, form)])
    expect(first?.location).toBe(second?.location)
    expect((await user.get(base)).html.match(/Once/g)).toHaveLength(1)
  })

  test.for(['', 'x'.repeat(101), 'a\u0001b', '\u202eevil'])(
    'with the name %j is told beside the field',
    async (name) => {
      const { user, base, organisation } = await setUp()
      const answer = await user.post(base, { name })
      expect([answer.status, /role="alert"/.test(answer.html)]).toEqual([422, true])
      expect(await actionsOf(product, organisation)).toEqual(['organisation.created'])
    },
  )

  test('past the plan is refused with the way out, archived ones do not count, and a drop removes nothing', async () => {
    const { organisation, user, base } = await setUp('free')
    const first = (await user.post(base, { name: 'One' })).location ?? ''
    expect(textOf((await user.get(`${base}/new`)).html)).toMatch(/allows 1 waitlist\..* Go to the Plan page/)
    const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
    expect(textOf((await admin.get(`${base}/new`)).html)).not.toContain('Go to the Plan page')
    const refused = await user.post(base, { name: 'Two' })
    expect([
      refused.status,
      /Free plan allows 1 waitlist\. Archive one, or change the plan/.test(refused.html),
    ]).toEqual([422, true])
    await user.post(`${first}/archive`)
    expect((await user.get(`${base}/new`)).html).not.toContain('allows 1 waitlist')
    expect((await user.post(base, { name: 'Two' })).status).toBe(303)
    const full = await user.post(`${first}/restore`)
    expect([full.status, textOf(full.html)]).toEqual([
      422,
      expect.stringMatching(/Set up One .*allows 1 waitlist\..* Go to the Plan page .*Restore waitlist/),
    ])
    expect((await user.get(`${first}/add`)).location).toBe(first)
    const late = await user.post(`${first}/add`, { email: 'late@example.com' })
    expect([late.status, late.html.includes('value="late@example.com"')]).toEqual([404, true])
    expect(textOf(late.html)).toContain('archived, and takes nobody until it is restored')
    await setPlan(organisation.ctx, 'pro')
    const restored = (await user.post(`${first}/restore`)).location ?? ''
    expect(textOf((await user.get(restored)).html)).toContain('The waitlist is restored')
    await setPlan(organisation.ctx, 'free')
    expect((await user.get(base)).html.match(/href="[^"]*\/wl_[0-9A-Za-z]+"/g)).toHaveLength(2)
  })

  test('two at once for the last place of a plan make one', async () => {
    const { user, base } = await setUp('free')
    const answers = await Promise.all([user.post(base, { name: 'A' }), user.post(base, { name: 'B' })])
    expect(answers.map((answer) => answer.status).sort()).toEqual([303, 422])
  })
})

describe('a waitlist', () => {
  test('shows people with place, state and code, searched and paged; adding by hand is one activity', async () => {
    const { organisation, user, base } = await setUp()
    const waitlist = await makeWaitlist(organisation)
    const api = asApiKey(product, (await makeApiKey(organisation)).secret)
    for (let i = 1; i <= 60; i++)
      await api.post(`/waitlists/${waitlist}/subscribers`, { email: `person${i}@example.com` })
    const added = await user.post(`${base}/${waitlist}/add`, { email: 'By.Hand@Example.com' })
    expect(added.location).toMatch(/\?done=added&who=\d+$/)
    const told = await user.get(added.location ?? '')
    expect(textOf(told.html)).toContain('The person is on the list. See them')
    const [their = ''] = /\/subscribers\/\d+(?=">See them)/.exec(told.html) ?? []
    expect(textOf((await user.get(`${base}/${waitlist}${their}`)).html)).toContain('By.Hand@Example.com')
    expect((await user.post(`${base}/${waitlist}/add`, { email: 'by.hand@example.com' })).location).toBe(
      `${added.location?.replace('added', 'already_there')}`,
    )
    expect((await actionsOf(product, organisation)).filter((action) => action === 'subscriber.joined')).toHaveLength(61)
    const page = await user.get(`${base}/${waitlist}`)
    expect(page.html).toContain('1–50 of 61 subscribers')
    expect((await user.get(`${base}/${waitlist}?page=2`)).html).toContain('By.Hand@Example.com')
    const found = await user.get(`${base}/${waitlist}?q=HAND`)
    expect([found.html.includes('By.Hand@Example.com'), found.html.includes('person1@')]).toEqual([true, false])
    expect(textOf(found.html)).toContain('1–1 of 1 person found')
    for (const odd of [
      '?done=added&who=x%22',
      '?done=__proto__',
      '?done=constructor',
      '?page=0',
      '?page=x',
      '?page=999999999',
      '?q=%25',
    ])
      expect((await user.get(`${base}/${waitlist}${odd}`)).status).toBe(200)
  })

  test('refuses what is no address, and keeps it typed', async () => {
    const { organisation, user, base } = await setUp()
    const answer = await user.post(`${base}/${await makeWaitlist(organisation)}/add`, { email: 'nobody' })
    expect([answer.status, answer.html.includes('value="nobody"')]).toEqual([422, true])
  })

  test('is set up with one activity that holds before and after; saving nothing new writes none', async () => {
    const { organisation, user, base } = await setUp()
    const waitlist = await makeWaitlist(organisation, 'Old')
    const form = { name: 'New', description: 'Line one', skip_amount: '7', referrals_enabled: 'on' }
    expect((await user.post(`${base}/${waitlist}/setup`, form)).status).toBe(303)
    expect((await user.post(`${base}/${waitlist}/setup`, form)).status).toBe(303)
    const rows = await product.database.owner.kysely
      .selectFrom('activities')
      .select('changes')
      .where('organisation_id', '=', organisation.id)
      .where('action', '=', 'waitlist.updated')
      .execute()
    expect(rows).toEqual([
      {
        changes: {
          before: { name: 'Old', description: '', skip_amount: 5 },
          after: { name: 'New', description: 'Line one', skip_amount: 7 },
        },
      },
    ])
    for (const skip_amount of ['0', '101', 'x', ''])
      expect((await user.post(`${base}/${waitlist}/setup`, { ...form, skip_amount })).status).toBe(422)
  })

  test('of another organisation does not exist, for any page or form', async () => {
    const { user, base } = await setUp()
    const foreign = await makeWaitlist(await makeOrganisation(product))
    for (const path of ['', '/setup', '/add', '/archive'])
      expect((await user.get(`${base}/${foreign}${path}`)).status).toBe(404)
    const forms: Record<string, Record<string, string>> = {
      '/add': { email: 'a@example.com' },
      '/archive': {},
      '/restore': {},
      '/setup': { name: 'x', description: '', skip_amount: '5', referrals_enabled: '' },
    }
    for (const [path, form] of Object.entries(forms))
      expect((await user.post(`${base}/${foreign}${path}`, form)).status).toBe(404)
  })
})

test('a member sees waitlists and people and changes nothing', async () => {
  const { organisation, base } = await setUp()
  const waitlist = await makeWaitlist(organisation)
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  expect((await member.get(`${base}/${waitlist}`)).status).toBe(200)
  for (const path of [`${base}/new`, `${base}/${waitlist}/add`, `${base}/${waitlist}/setup`])
    expect((await member.get(path)).status).toBe(403)
  for (const path of [base, `${base}/${waitlist}/archive`])
    expect((await member.post(path, { name: 'x' })).status).toBe(403)
  expect((await member.post(`${base}/${waitlist}/add`, { email: 'a@example.com' })).status).toBe(403)
  expect(await actionsOf(product, organisation)).toEqual(['organisation.created', 'waitlist.created'])
})

test('a waitlist that was archived before anybody joined does not promise that people will', async () => {
  const { organisation, user, base } = await setUp()
  const page = `${base}/${await makeWaitlist(organisation)}`
  await user.post(`${page}/archive`)
  expect(textOf((await user.get(page)).html)).toContain('Nobody joined This waitlist was archived before anybody did.')
})
