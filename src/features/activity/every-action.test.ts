import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import { makeApiKey, makeOrganisation, makeProduct, type TestProduct } from '../../../test/make.ts'
import { log, mailedPath, signUp, textOf } from '../../../test/people.ts'
import { type ActivityAction, activityActions } from './activity.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

test('everything that changes something is one row, with what was before and what is after, and the page says it in words', async () => {
  const organisation = await makeOrganisation(product, 'team')
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  const email = 'grace@every-action.example'
  const grace = await signUp(product, email)
  let seen = 0
  const left = new Set(Object.keys(activityActions))
  /** The one row that there is since it was last asked; what it changed. */
  const row = async (action: ActivityAction) => {
    const rows = (await log(product, home)).slice(seen)
    seen += rows.length
    expect(rows.map((one) => one.action)).toEqual([action])
    left.delete(action)
    return rows[0]?.changes
  }
  const idIn = (html: string, kind: string) => new RegExp(`${kind}_[0-9A-Za-z]+`).exec(html)?.[0] ?? ''

  const { name } = organisation.ctx.organisation
  expect(await row('organisation.created')).toEqual({ after: { name, plan: 'team' } })
  await owner.post(`${home}/settings`, { name: 'Engines' })
  expect(await row('organisation.updated')).toEqual({ before: { name }, after: { name: 'Engines' } })
  await owner.post(`${home}/plan`, { plan: 'pro' })
  expect(await row('plan.changed')).toEqual({ before: { plan: 'team' }, after: { plan: 'pro' } })
  await owner.post(`${home}/settings/export`)
  await row('organisation.exported')

  await owner.post(`${home}/members/invitations`, { email, role: 'member' })
  expect(await row('member.invited')).toEqual({ after: { email, role: 'member' } })
  const open = idIn((await owner.get(`${home}/members`)).html, 'inv')
  await owner.post(`${home}/members/invitations/${open}/withdraw`)
  expect(await row('member.invitation_withdrawn')).toEqual({ before: { email, role: 'member' } })
  await owner.post(`${home}/members/invitations`, { email, role: 'admin' })
  expect(await row('member.invited')).toEqual({ after: { email, role: 'admin' } })
  // It takes the place of the first, in one row that tells of both.
  await owner.post(`${home}/members/invitations`, { email, role: 'member' })
  expect(await row('member.invited')).toEqual({ before: { email, role: 'admin' }, after: { email, role: 'member' } })
  await grace.post(await mailedPath(product, email, 'invitations'))
  expect(await row('member.joined')).toEqual({ after: { role: 'member' } })
  const members = (await owner.get(`${home}/members`)).html.replaceAll(organisation.owner.id, '')
  const member = `${home}/members/${idIn(members, 'usr')}`
  await owner.post(`${member}/role`, { role: 'admin' })
  expect(await row('member.role_changed')).toEqual({ before: { role: 'member' }, after: { role: 'admin' } })
  const swapped = { role: 'owner', role_of_previous_owner: 'admin' }
  await owner.post(`${home}/members/transfer`, { to: member.split('/').at(-1) ?? '' })
  expect(await row('member.role_changed')).toEqual({
    before: { role: 'admin', role_of_previous_owner: 'owner' },
    after: swapped,
  })
  await grace.post(`${home}/members/transfer`, { to: organisation.owner.id })
  expect(await row('member.role_changed')).toMatchObject({ after: swapped })
  await grace.post(`${member}/remove`)
  expect(await row('member.removed')).toEqual({ before: { role: 'admin' } })

  const list = (await owner.post(`${home}/waitlists`, { name: 'Launch' })).location ?? ''
  expect(await row('waitlist.created')).toEqual({ after: { name: 'Launch' } })
  await owner.post(`${list}/setup`, { name: 'Launch', description: 'Soon', skip_amount: '5', referrals_enabled: 'on' })
  expect(await row('waitlist.updated')).toEqual({ before: { description: '' }, after: { description: 'Soon' } })
  for (const [verb, before, action] of [
    ['archive', false, 'waitlist.archived'],
    ['restore', true, 'waitlist.restored'],
  ] as const) {
    await owner.post(`${list}/${verb}`)
    expect(await row(action)).toEqual({ before: { archived: before }, after: { archived: !before } })
  }

  const key = await makeApiKey(organisation)
  const { id, name: keyName, prefix, scopes } = key
  expect(await row('api_key.created')).toEqual({ after: { name: keyName, prefix, scopes } })
  const api = asApiKey(product, key.secret)
  const path = `/waitlists/${list.split('/').at(-1)}/subscribers`
  const joined = (await api.post(path, { email: 'ada@every-action.example' })).json
  await row('subscriber.joined')
  await pressStart(owner, await bringFile(product, owner, list, 'Email\nbob@every-action.example\nnobody'))
  await doQueued(product)
  expect(await row('subscriber.imported')).toMatchObject({ after: { added: 1, refused: 1 } })
  await owner.post(`${list}/export`)
  expect(await row('subscriber.exported')).toEqual({ after: { exported: 2 } })
  await owner.post(`${list}/subscribers/${joined.id}/remove`)
  expect(await row('subscriber.removed')).toEqual({ before: { state: 'active', referral_count: 0 } })
  await owner.post(`${home}/api-keys/${id}/revoke`)
  expect(await row('api_key.revoked')).toEqual({ before: { revoked: false }, after: { revoked: true } })
  expect((await api.get('/key')).status).toBe(401)
  await vi.waitUntil(async () => (await log(product, home)).length > seen, { timeout: 20_000 })
  await row('api_key.used_after_revoke')
  await owner.post(`${home}/activity/export`, { format: 'csv', only_api_keys: '1' })
  expect(await row('activity.exported')).toMatchObject({ after: { format: 'csv', only_api_keys: '1' } })
  await owner.post(`${home}/settings/delete`, { confirmation: 'Engines' })
  expect(await row('organisation.deleted')).toMatchObject({ before: { deleted: false }, after: { deleted: true } })
  await owner.post(`${home}/deleted/restore`)
  expect(await row('organisation.restored')).toEqual({ before: { deleted: true }, after: { deleted: false } })
  // Nobody can confirm but people who joined by themselves.
  expect([...left]).toEqual(['subscriber.confirmed'])

  const { html } = await owner.get(`${home}/activity`)
  const page = textOf(html.slice(html.indexOf('<table')))
  for (const [action, words] of Object.entries(activityActions)) if (!left.has(action)) expect(page).toContain(words)
  expect(page).toMatch(new RegExp(`${keyName} API key added a subscriber`))
  expect(textOf((await owner.get(`${home}/activity/3`)).html)).toMatch(/Field Before After plan team pro/)
})
