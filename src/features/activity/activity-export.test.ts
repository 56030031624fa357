import { parse } from 'csv-parse/sync'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import {
  makeApiKey,
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { createWaitlist } from '../waitlists/create-waitlist.ts'
import { activityExport } from './activity.cli.ts'
import { exportActivities } from './export-activities.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const nothing = { action: '', actor: '', only_api_keys: '', target: '', from: '', until: '' }

async function setUp() {
  const organisation = await makeOrganisation(product, 'team')
  const waitlist = await makeWaitlist(organisation, 'Spring "launch", 2027')
  const key = await makeApiKey(organisation)
  const user = await asUser(product, organisation.owner)
  const add = (email: string) =>
    asApiKey(product, key.secret).post(
      `/waitlists/${waitlist}/subscribers`,
      { email },
      { 'User-Agent': '=HYPERLINK("x")' },
    )
  const send = (form: Record<string, string>, headers = {}) =>
    user.post(`/o/${organisation.slug}/activity/export`, form, headers)
  return { organisation, waitlist, key, user, add, send }
}

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const rowsOf = (text: string) => parse(text, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[]

async function rowsOfLog({ id }: TestOrganisation) {
  const { kysely } = product.database.owner
  return kysely
    .selectFrom('activities')
    .selectAll()
    .where('organisation_id', '=', id)
    .orderBy('number', 'desc')
    .execute()
}

test('JSON Lines hold every row whole, newest first, as it is in the log', async () => {
  const { organisation, add, send } = await setUp()
  await add('ada@example.com')
  const before = await rowsOfLog(organisation)
  const answer = await send({ format: 'jsonl' })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/jsonl; charset=utf-8')
  expect(answer.headers.get('content-disposition')).toMatch(
    /^attachment; filename="[a-z0-9-]+-activity-[\d-]{10}\.jsonl"$/,
  )
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(linesOf(answer.html)).toEqual(
    before.map(
      ({
        number,
        id,
        occurred_at,
        action,
        actor_type,
        actor_id,
        actor_name,
        targets,
        changes,
        request_id,
        ip,
        user_agent,
      }) => ({
        ...{ organisation_id: organisation.id, number, id, action, targets, changes, request_id, ip, user_agent },
        // To the microsecond.
        occurred_at: expect.stringMatching(new RegExp(`^${occurred_at.toISOString().slice(0, -1)}\\d{3}Z$`)),
        ...{ previous_hash: expect.stringMatching(/^[0-9a-f]{64}$/), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        actor: { type: actor_type, id: actor_id, name: actor_name },
      }),
    ),
  )
  expect(answer.html).not.toContain('ada@example.com')
})

test('CSV is RFC 4180, and no cell of it runs in a spreadsheet', async () => {
  const { organisation, waitlist, key, add, send } = await setUp()
  await add('ada@example.com')
  await createWaitlist(organisation.ctx, { name: '=cmd|calc' })
  const { html, headers } = await send({ format: 'csv' })
  expect(headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present')
  const [named, joined] = rowsOf(html)
  expect(named).toMatchObject({ action: 'waitlist.created', target_name: "'=cmd|calc" })
  expect(joined).toMatchObject({
    ...{ action: 'subscriber.joined', actor_type: 'api_key', actor_id: key.id, actor_name: key.name },
    ...{ target_type: 'subscriber', target_name: '', user_agent: `'=HYPERLINK("x")` },
  })
  expect(JSON.parse(joined?.targets ?? '')[1]).toEqual({
    type: 'waitlist',
    id: waitlist,
    name: 'Spring "launch", 2027',
  })
  for (const row of rowsOf(html)) for (const cell of Object.values(row)) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
})

test("the page's buttons carry its filter, and the export is one row of the log that says it", async () => {
  const { organisation, waitlist, key, user, add, send } = await setUp()
  for (const email of ['a@example.com', 'b@example.com']) await add(email)
  const query = `target=${waitlist}&only_api_keys=1&action=subscriber.joined&from=2020-01-01`
  const { html } = await user.get(`/o/${organisation.slug}/activity?${query}`)
  const form = /<form method="post" action="[^"]*\/activity\/export".*?<\/form>/s.exec(html)?.[0] ?? ''
  const fields = Object.fromEntries(
    [...form.matchAll(/name="(\w+)" value="([^"]*)"\/?>/g)].map(([, name, value]) => [name, value ?? '']),
  )
  expect(fields).toEqual(Object.fromEntries(new URLSearchParams(query)))
  expect(form.match(/name="format" value="(csv|jsonl)"/g)).toHaveLength(2)
  const rows = linesOf((await send({ ...fields, format: 'jsonl' })).html)
  expect(rows.map(({ actor }) => actor.id)).toEqual([key.id, key.id])
  const [exported, ...others] = await rowsOfLog(organisation)
  expect(exported).toMatchObject({
    action: 'activity.exported',
    actor_id: organisation.owner.id,
    targets: [{ type: 'organisation', id: organisation.id }],
    changes: { after: { format: 'jsonl', ...fields } },
  })
  expect(others.filter(({ action }) => action === 'activity.exported')).toEqual([])
})

test('a filter with a mistake exports nothing: it is told on the page, beside the field, and no row says that anything was', async () => {
  const { organisation, send } = await setUp()
  const answer = await send({ format: 'csv', action: 'api_key.created', from: '23/11/2026' })
  expect([answer.status, answer.headers.get('content-disposition')]).toEqual([422, null])
  expect(answer.html).toMatch(/name="from" type="text"[^>]* value="23\/11\/2026"[^>]* aria-invalid="true"/)
  expect(answer.html).toContain('<option value="api_key.created" selected')
  expect((await rowsOfLog(organisation)).map(({ action }) => action)).not.toContain('activity.exported')
})

test('what the plan does not show is in no file', async () => {
  const { organisation, send } = await setUp()
  const { kysely } = product.database.owner
  await sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_name, targets)
    select ${organisation.id}, 100 + n, now() - (50 - n) * interval '1 day' - interval '1 hour', 'waitlist.updated', 'system', 'System', '[]'
    from generate_series(1, 40) n`.execute(kysely)
  await sql`update organisation_counters set last_activity_number = 140 where organisation_id = ${organisation.id}`.execute(
    kysely,
  )
  const updated = async () => linesOf((await send({ format: 'jsonl', action: 'waitlist.updated' })).html).length
  expect(await updated()).toBe(40)
  await sql`update organisations set plan = 'free' where id = ${organisation.id}`.execute(kysely)
  expect(await updated()).toBe(20)
})

test('comes piece by piece, each row once, while rows are added, and holds none that came later', async () => {
  const { organisation } = await setUp()
  const { kysely } = product.database.owner
  await sql`insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_name, targets)
    select ${organisation.id}, 3 + n, now(), 'waitlist.updated', 'system', 'System', '[]' from generate_series(1, 4500) n`.execute(
    kysely,
  )
  await sql`update organisation_counters set last_activity_number = 4503 where organisation_id = ${organisation.id}`.execute(
    kysely,
  )
  const pieces = await exportActivities(organisation.ctx, { filter: nothing, format: 'jsonl', keptDays: null })
  const numbers: number[] = []
  let most = 0
  for await (const piece of pieces) {
    most = Math.max(most, linesOf(piece).length)
    numbers.push(...linesOf(piece).map(({ number }) => number))
    await createWaitlist(organisation.ctx, { name: `W ${numbers.length}` })
  }
  expect(most).toBe(1_000)
  expect(numbers).toEqual(Array.from({ length: 4_503 }, (_, i) => 4_503 - i))
})

test('the command line writes the same, and refuses a filter that is none', async () => {
  const { organisation, waitlist, add } = await setUp()
  await add('ada@example.com')
  const written: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  try {
    await activityExport(organisation.ctx, { format: 'jsonl', onlyApiKeys: true, target: waitlist })
    for (const wrong of [{ action: 'nonsense' }, { from: 'yesterday' }, { actor: 'usr' }])
      await activityExport(organisation.ctx, { format: 'csv', ...wrong }).catch((error) => written.push(error.message))
  } finally {
    write.mockRestore()
  }
  expect(linesOf(written[0] ?? '').map(({ action }) => action)).toEqual(['subscriber.joined'])
  expect(written.slice(1, 4)).toEqual([
    '--action: There is no such action.',
    '--from: There is no such day. Write it like 2026-05-03.',
    '--actor: There is no such actor.',
  ])
})

test('is for admins and owners of the organisation alone, from its own pages, in a format that is one', async () => {
  const { organisation, send } = await setUp()
  const path = `/o/${organisation.slug}/activity/export`
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  expect((await member.post(path, { format: 'csv' })).status).toBe(403)
  const stranger = await asUser(product, (await makeOrganisation(product)).owner)
  expect((await stranger.post(path, { format: 'csv' })).status).toBe(404)
  for (const format of ['', 'xlsx', '__proto__']) expect((await send({ format })).status).toBe(422)
  expect((await send({ format: 'csv' }, { Origin: 'https://elsewhere.example' })).status).toBe(403)
  expect(await rowsOfLog(organisation)).toHaveLength(3)
  const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
  expect((await admin.post(path, { format: 'csv' })).status).toBe(200)
})
