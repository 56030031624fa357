import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import { explaining } from '../../../test/explaining.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestProduct,
} from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { setPlan } from '../plans/set-plan.ts'
import { findHowJoined } from './find-how-joined.ts'
import { getSubscriber } from './get-subscriber.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const waitlist = await makeWaitlist(organisation, 'Spring launch')
  const key = await makeApiKey(organisation)
  const api = asApiKey(product, key.secret)
  const join = async (email: string, referral_code?: string) =>
    (await api.post(`/waitlists/${waitlist}/subscribers`, { email, ...(referral_code ? { referral_code } : {}) })).json
  const base = `/o/${organisation.slug}/waitlists/${waitlist}`
  const user = await asUser(product, organisation.owner)
  const read = async (id: string, query = '') => textOf((await user.get(`${base}/subscribers/${id}${query}`)).html)
  return { organisation, waitlist, key, api, join, base, user, read }
}

test('the history tells places that came by people who are gone', async () => {
  const { join, base, user, read } = await setUp()
  const first = await join('ada@example.com')
  await join('stays@example.com', first.referral_code)
  const gone = await join('goes@example.com', first.referral_code)
  expect(await read(first.id)).not.toContain('removed since')
  await user.post(`${base}/subscribers/${gone.id}/remove`)
  expect(await read(first.id)).toMatch(
    /for 2 people .*History Moved ahead by 5 places for 1 more, removed since: the places stay Moved ahead by 5 places: stays@example.com/,
  )
})

test('a person’s page tells their place, who added them, who brought them and whom they brought', async () => {
  const { organisation, join, key, base, user, read } = await setUp()
  const first = await join('Ada+🚀@Example.com')
  const second = await join('grace@example.com', first.referral_code)
  await user.post(`${base}/add`, { email: 'by-hand@example.com' })

  expect(await read(first.id)).toMatch(
    /Spring launch Ada\+🚀@Example\.com Remove person .* State Active Position 1 Joined .* as number 1 Referred by Nobody Referral code \w{6} Status page What they see of their place Moved ahead by 5 places, for 1 person/,
  )
  expect(await read(first.id)).toMatch(
    new RegExp(
      `History Moved ahead by 5 places: grace@example.com joined through them .* Added by ${key.name} API key Details`,
    ),
  )
  expect(await read(first.id)).toMatch(/Joined through them grace@example.com/)
  const page = await user.get(`${base}/subscribers/${second.id}`)
  expect(page.html).toContain(`Referred by</dt><dd><a href="${base}/subscribers/${first.id}">`)
  const details = /href="([^"]+\/activity\/\d+)"/.exec(page.html)?.[1] ?? ''
  expect(textOf((await user.get(details)).html)).toContain('grace@example.com')
  expect(await read('3')).toMatch(new RegExp(`Added by ${organisation.owner.email} Details`))

  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  const seen = textOf((await member.get(`${base}/subscribers/${first.id}`)).html)
  expect([/Position 1/.test(seen), /Added by|Details|Remove/.test(seen)]).toEqual([true, false])
})

test('each referral is told with the places that it was worth when it counted', async () => {
  const { organisation, waitlist, join, read, user, base } = await setUp()
  const worth = (skip_amount: string, referrals_enabled = 'on') =>
    user.post(`${base}/setup`, { name: 'Spring launch', description: '', skip_amount, referrals_enabled })
  const { id, referral_code } = await join('ada@example.com')
  const pending = await join('pending@example.com')
  await join('five@example.com', referral_code)
  await worth('7')
  await worth('9')
  await join('nine@example.com', referral_code)
  const told = await read(id)
  expect(told).toContain('Moved ahead by 9 places: nine@example.com')
  expect(told).toContain('Moved ahead by 5 places: five@example.com')
  expect(told).toContain('Moved ahead by 14 places, for 2 people')

  await sql`update subscribers set state = 'pending', referred_by = 1
    where organisation_id = ${organisation.id} and waitlist_id = ${waitlist} and id = ${pending.id}`.execute(
    product.database.owner.kysely,
  )
  expect(await read(id)).not.toContain('places: pending@')
  await worth('1')
  await user.post(`${base}/add`, { email: 'pending@example.com' })
  await worth('100')
  await user.post(`${base}/subscribers/3/remove`)
  const later = await read(id)
  expect(later).toContain('Moved ahead by 1 place: pending@example.com')
  expect(later).toContain('Moved ahead by 5 places for 1 more, removed since')
  expect(later).toContain('Moved ahead by 15 places, for 3 people')
})

test('somebody pending is not in line; whoever confirms them is told', async () => {
  const { organisation, waitlist, join, read, user, base } = await setUp()
  const { id } = await join('waits@example.com')
  await sql`update subscribers set state = 'pending' where organisation_id = ${organisation.id}`.execute(
    product.database.owner.kysely,
  )
  expect(await read(id)).toMatch(/Pending: they have not confirmed .* Position Not in line yet/)
  expect(textOf((await user.get(`${base}?sort=position`)).html)).toContain('– waits@example.com')
  await asUser(product, organisation.owner).then((owner) => owner.post(`${base}/add`, { email: 'waits@example.com' }))
  expect(await read(id)).toMatch(new RegExp(`Position 1 .* Confirmed by ${organisation.owner.email} .* Added by`))
  expect(waitlist).toMatch(/^wl_/)
})

test('somebody whom a file brought names the file and who imported it, and no later import is taken for it', async () => {
  const { organisation, join, base, user, read } = await setUp()
  for (const [file, people] of [
    ['first.csv', ['a', 'b']],
    ['second.csv', ['b', 'c']],
  ] as const) {
    await join(`before-${file}@example.com`)
    const csv = ['email', ...people.map((name) => `${name}@example.com`)].join('\r\n')
    await pressStart(user, await bringFile(product, user, base, csv, file))
    await doQueued(product)
  }
  const by = organisation.owner.email
  expect(await read('2')).toContain(`Came with first.csv , imported by ${by} Details`)
  expect(await read('3')).toContain(`Came with first.csv , imported by ${by} Details`)
  expect(await read('5')).toContain(`Came with second.csv , imported by ${by} Details`)
  expect(await read('4')).toContain('API key Details')
  const details = /href="([^"]+\/activity\/\d+)"/.exec((await user.get(`${base}/subscribers/2`)).html)?.[1] ?? ''
  expect(textOf((await user.get(details)).html)).toContain('added – 2')
})

test('what lies before the plan’s window of the log is said to; the file is named all the same', async () => {
  const { organisation, waitlist, join, base, user } = await setUp()
  await join('api@example.com')
  await pressStart(user, await bringFile(product, user, base, 'email\nfile@example.com\n', 'people.csv'))
  await doQueued(product)
  await setPlan(organisation.ctx, 'free')
  await sql`update subscribers set added_at = added_at - interval '31 days' where waitlist_id = ${waitlist}`.execute(
    product.database.owner.kysely,
  )
  const later = { ...organisation.ctx, now: () => new Date(Date.now() + 31 * 86_400_000) }
  later.organisation = { ...later.organisation, plan: 'free' }
  for (const id of ['1', '2']) {
    const person = await getSubscriber(organisation.ctx, waitlist, id)
    expect((await findHowJoined(later, person)).events).toEqual([])
  }
  product.services.now = later.now
  // The session from before has expired.
  const again = await asUser(product, organisation.owner)
  const readAgain = async (id: string) => textOf((await again.get(`${base}/subscribers/${id}`)).html)
  const pages = [await readAgain('1'), await readAgain('2')]
  product.services.now = () => new Date()
  expect(pages[0]).toContain('Joined, before what the Free plan shows of the Activity log')
  expect(pages[1]).toContain('Came with people.csv , before what the Free plan shows of the Activity log')
})

test('whoever brought hundreds shows the last ones first, page by page', async () => {
  const { join, read, user, base } = await setUp()
  const { id, referral_code } = await join('popular@example.com')
  for (let i = 1; i <= 30; i++) await join(`friend${i}@example.com`, referral_code)
  const first = await read(id)
  expect([first.includes('friend30@'), first.includes('friend5@')]).toEqual([true, false])
  const next = /href="([^"]+)">Earlier ones/.exec((await user.get(`${base}/subscribers/${id}`)).html)?.[1] ?? ''
  const second = textOf((await user.get(next)).html)
  expect([second.includes('friend30@'), second.includes('friend5@'), second.includes('friend1@')]).toEqual([
    false,
    true,
    true,
  ])
  expect((await user.get(`${base}/subscribers/${id}?before=x`)).status).toBe(200)
})

test('among 100,000 rows of the log and as many people, the page reads a few hundred', async () => {
  const { organisation, waitlist, join } = await setUp()
  const { kysely } = product.database.owner
  const { referral_code } = await join('first@example.com')
  await sql`insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, added_at,
      referral_code, referred_by)
    select ${organisation.id}, ${waitlist}, n, n, e, e, 'active', now(), date_trunc('milliseconds', now()) + n / 50 * interval '1 ms', 'x' || n,
      case when n % 3 = 0 then 1 end
    from (select n, 'p' || n || '@example.com' as e from generate_series(2, 100000) n) p`.execute(kysely)
  await sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets)
    select s.organisation_id, s.join_number + 1000, s.added_at, 'subscriber.joined', 'api_key', 'key_1', 'crm-' || s.id,
      jsonb_build_array(jsonb_build_object('type', 'subscriber', 'id', s.id::text))
    from subscribers s where s.organisation_id = ${organisation.id} and s.id > 1`.execute(kysely)
  await sql`analyze subscribers, activities`.execute(kysely)
  const explained = explaining(product, organisation.ctx)
  for (const id of ['1', '50000', '99999']) {
    const person = await getSubscriber(explained.ctx, waitlist, id)
    const { events } = await findHowJoined(explained.ctx, person)
    if (id !== '1') expect(events).toMatchObject([{ actor: { name: `crm-${id}` } }])
    const { seqScans, mostRows } = explained.since()
    expect([id, seqScans, mostRows < 1_000]).toEqual([id, [], true])
  }
  expect(referral_code).not.toBe('')
  await explained.close()
})
