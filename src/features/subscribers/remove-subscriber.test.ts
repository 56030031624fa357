import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  secretKey,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { dump, log, textOf } from '../../../test/people.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import { importSubscribers } from './import-subscribers.ts'
import { renewRemovalKeys } from './removed-subscribers.ts'

let product: TestProduct
const folder = mkdtempSync(join(tmpdir(), 'queueup-removing-'))
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(async () => {
  await product.close()
  rmSync(folder, { recursive: true })
})

async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const api = asApiKey(product, (await makeApiKey(organisation)).secret)
  const path = `/waitlists/${waitlist}/subscribers`
  const home = `/o/${organisation.slug}`
  const user = await asUser(product, organisation.owner)
  const list = async () => (await api.get(path)).json
  const pageOf = (id: string) => `${home}/waitlists/${waitlist}/subscribers/${id}`
  return { organisation, waitlist, api, path, home, user, list, pageOf, base: `${home}/waitlists/${waitlist}` }
}

function importFile(organisation: TestOrganisation, waitlist: string, emails: string[], on = product, more = '') {
  const file = join(folder, `${randomBase62(8)}.csv`)
  writeFileSync(file, [more ? `email,${more}` : 'email', ...emails].join('\r\n'))
  return importSubscribers({ ...organisation.ctx, ...on.services }, waitlist, file)
}

test('removing asks once, closes the line up, and is one row of the log without the address', async () => {
  const { api, path, home, user, list, pageOf, base } = await setUp()
  for (const name of ['ada', 'grace', 'edsger'])
    await api.post(path, { email: `${name}@removed.example` }, { 'Idempotency-Key': name })
  const grace = (await list()).items[1]

  const question = await user.get(`${pageOf(grace.id)}/remove`)
  expect(textOf(question.html)).toMatch(/Remove grace@removed.example\?.*Cancel Remove person/)
  expect((await list()).total).toBe(3)

  const gone = await user.post(`${pageOf(grace.id)}/remove`)
  expect([gone.status, gone.location]).toEqual([303, `${base}?done=removed`])
  const after = await list()
  expect(after.total).toBe(2)
  expect(after.items.map((item: { email: string; position: number }) => [item.email, item.position])).toEqual([
    ['ada@removed.example', 1],
    ['edsger@removed.example', 2],
  ])
  expect((await user.get(pageOf(grace.id))).status).toBe(404)
  expect(await dump(product)).not.toContain('grace@removed')

  // The form sent again changes nothing, and tells what a first one tells.
  expect((await user.post(`${pageOf(grace.id)}/remove`)).location).toBe(`${base}?done=removed`)
  const rows = (await log(product, home)).filter(({ action }) => action === 'subscriber.removed')
  expect(rows).toMatchObject([{ changes: { before: { state: 'active' } }, targets: [{ id: grace.id }, {}] }])
  expect(textOf((await user.get(`${home}/activity`)).html)).toContain('removed a subscriber removed person')
})

test('two who remove one person at once remove them once', async () => {
  const { api, path, home, user, list, pageOf } = await setUp()
  for (const name of ['a', 'b']) await api.post(path, { email: `${name}@example.com` })
  const { id } = (await list()).items[0]
  const answers = await Promise.all([user.post(`${pageOf(id)}/remove`), user.post(`${pageOf(id)}/remove`)])
  expect(answers.map((answer) => answer.status)).toEqual([303, 303])
  expect((await list()).items).toMatchObject([{ email: 'b@example.com', position: 1 }])
  expect((await log(product, home)).filter(({ action }) => action === 'subscriber.removed')).toHaveLength(1)
})

test('an import does not bring a removed person back; by hand and through a key they join anew, at the end', async () => {
  const { organisation, waitlist, api, path, user, list, pageOf, base } = await setUp()
  for (const name of ['Ada', 'bob', 'Çelik']) await api.post(path, { email: `${name}@example.com` })
  for (const { id } of (await list()).items) await user.post(`${pageOf(id)}/remove`)
  const again = ['ADA@EXAMPLE.com', 'çelik@example.com', 'bob@example.com', 'new@example.com', 'x']
  expect(await importFile(organisation, waitlist, again)).toMatchObject({ added: 1, already_there: 0, refused: 4 })
  expect((await list()).items.map((item: { email: string }) => item.email)).toEqual(['new@example.com'])
  // Another waitlist knows nothing of it.
  const other = await makeWaitlist(organisation)
  expect(await importFile(organisation, other, again)).toMatchObject({ added: 4, already_there: 0, refused: 1 })

  expect((await user.post(`${base}/add`, { email: 'ada@example.com' })).location).toContain(`${base}?done=added`)
  expect((await api.post(path, { email: 'bob@example.com' })).status).toBe(201)
  const { items } = await list()
  expect(items.map((item: { email: string; position: number }) => [item.email, item.position])).toEqual([
    ['new@example.com', 1],
    ['ada@example.com', 2],
    ['bob@example.com', 3],
  ])
  // Whoever is back is there already; whoever is removed again stays away again.
  expect(await importFile(organisation, waitlist, again)).toMatchObject({ added: 0, already_there: 3, refused: 2 })
  await user.post(`${pageOf(items[1].id)}/remove`)
  expect(await importFile(organisation, waitlist, again)).toMatchObject({ added: 0, already_there: 2, refused: 3 })
})

test('whoever stands for a removed person keeps what they earned, and is shown so', async () => {
  const { api, path, user, list, pageOf } = await setUp()
  for (const name of ['a', 'b']) await api.post(path, { email: `${name}@example.com` })
  const code = (await list()).items[1].referral_code
  await api.post(path, { email: 'c@example.com', referral_code: code })
  const { items } = await list()
  await user.post(`${pageOf(items[2].id)}/remove`)
  expect((await list()).items).toMatchObject([
    { email: 'a@example.com', position: 2 },
    { email: 'b@example.com', position: 1, referral_count: 1 },
  ])
  await api.post(path, { email: 'd@example.com', referral_code: code })
  await user.post(`${pageOf(items[1].id)}/remove`)
  const last = (await list()).items[1]
  expect(textOf((await user.get(pageOf(last.id))).html)).toContain('Referred by A removed person')
})

/** Everybody on the list whom a referral has moved, and for how many people. */
const earned = (people: { email: string; referral_count: number }[]) =>
  people.flatMap(({ email, referral_count }) => (referral_count > 0 ? [`${email} ${referral_count}`] : []))

test('whoever is removed and joins again with a code earns nobody anything again', async () => {
  const { organisation, waitlist, api, path, user, list, pageOf, base } = await setUp()
  for (const name of ['a', 'b']) await api.post(path, { email: `${name}@example.com` })
  const [a, b] = (await list()).items
  const removeLast = async () => user.post(`${pageOf((await list()).items.at(-1).id)}/remove`)
  await api.post(path, { email: 'C@example.com', referral_code: a.referral_code })
  await removeLast()
  // Under another spelling, for somebody else too, in an other process, and after a second removal.
  const other = await makeProduct({}, product)
  const elsewhere = asApiKey(other, (await makeApiKey(organisation)).secret)
  for (const [through, code] of [
    [api, a.referral_code],
    [elsewhere, b.referral_code],
    [elsewhere, a.referral_code],
  ] as const) {
    expect((await through.post(path, { email: 'c@EXAMPLE.com', referral_code: code })).status).toBe(201)
    await removeLast()
  }
  await other.close()
  expect(
    await importFile(organisation, waitlist, [`c@example.com,${a.referral_code}`], product, 'referred_by'),
  ).toMatchObject({ added: 0 })
  await user.post(`${base}/add`, { email: 'c@example.com' })
  expect(earned((await list()).items)).toEqual(['a@example.com 1'])
  // On another waitlist they are somebody new.
  const second = await makeWaitlist(organisation)
  const there = `/waitlists/${second}/subscribers`
  const { json: d } = await api.post(there, { email: 'd@example.com' })
  await api.post(there, { email: 'c@example.com', referral_code: d.referral_code })
  expect(earned((await api.get(there)).json.items)).toEqual(['d@example.com 1'])
})

test('whoever was removed without having earned anybody anything does so when they come with a code, once', async () => {
  const { api, path, user, list, pageOf } = await setUp()
  for (const name of ['a', 'c']) await api.post(path, { email: `${name}@example.com` })
  const [{ referral_code }] = (await list()).items
  for (let round = 0; round < 3; round++) {
    await user.post(`${pageOf((await list()).items.at(-1).id)}/remove`)
    await api.post(path, { email: 'c@example.com', referral_code })
  }
  expect(earned((await list()).items)).toEqual(['a@example.com 1'])
})

test('of people who come back together in one group only those who have not earned anybody anything do', async () => {
  const { api, path, user, list, pageOf } = await setUp()
  const { json: a } = await api.post(path, { email: 'a@example.com' })
  const join = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, i) =>
        api.post(path, {
          email: `p${from + i}@example.com`,
          ...(i % 3 === 2 ? {} : { referral_code: a.referral_code }),
        }),
      ),
    )
  await join(0, 9)
  for (const { id } of (await list()).items.slice(1)) await user.post(`${pageOf(id)}/remove`)
  await Promise.all([join(0, 9), join(0, 9), join(9, 18)])
  const { items } = await list()
  expect(items).toHaveLength(19)
  expect(earned(items)).toEqual(['a@example.com 12'])
})

test('what is kept of removed people outlives two changes of SECRET_KEY, and says nothing without it', async () => {
  const { organisation, waitlist, api, path, user, list, pageOf } = await setUp()
  await api.post(path, { email: 'rotated@example.com' })
  await user.post(`${pageOf((await list()).items[0].id)}/remove`)
  let previous = secretKey
  for (const next of ['the second key of this test, long enough', 'the third key of this test, also long enough']) {
    const env = { SECRET_KEY: next, SECRET_KEY_PREVIOUS: previous }
    const during = await makeProduct(env, product)
    expect(await importFile(organisation, waitlist, ['rotated@example.com'], during)).toMatchObject({ refused: 1 })
    await renewRemovalKeys({ ...during.services, db: product.database.jobs })
    await during.close()
    const afterwards = await makeProduct({ SECRET_KEY: next }, product)
    expect(await importFile(organisation, waitlist, ['rotated@example.com'], afterwards)).toMatchObject({ refused: 1 })
    await afterwards.close()
    previous = next
  }
  await expect(importFile(organisation, waitlist, ['rotated@example.com'])).rejects.toThrow('another SECRET_KEY')
})

test('a member, another organisation and an odd id remove nobody', async () => {
  const { organisation, api, path, list, pageOf, home, waitlist } = await setUp()
  await api.post(path, { email: 'stays@example.com' })
  const { id } = (await list()).items[0]
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  expect((await member.get(pageOf(id))).status).toBe(200)
  expect((await member.get(`${pageOf(id)}/remove`)).status).toBe(403)
  expect((await member.post(`${pageOf(id)}/remove`)).status).toBe(403)
  const other = await makeOrganisation(product)
  const stranger = await asUser(product, other.owner)
  const theirs = `/o/${other.slug}/waitlists`
  const own = await makeWaitlist(other)
  for (const address of [pageOf(id), `${theirs}/${waitlist}/subscribers/${id}`, `${theirs}/${own}/subscribers/${id}`]) {
    expect((await stranger.get(address)).status).toBe(404)
    expect((await stranger.post(`${address}/remove`)).status).toBe(404)
  }
  const owner = await asUser(product, organisation.owner)
  for (const odd of ['0', 'x', '1e3', '-1', '9'.repeat(30), '%00', '99']) {
    expect((await owner.get(pageOf(odd))).status).toBe(404)
    expect((await owner.post(`${pageOf(odd)}/remove`)).status).toBe(404)
  }
  const elsewhere = `${home}/waitlists/${await makeWaitlist(organisation)}/subscribers/${id}`
  expect((await owner.post(`${elsewhere}/remove`)).status).toBe(404)
  expect((await list()).total).toBe(1)
})
