import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import { asWorker, beginImport, dieAfter, fileOf, takeUp } from '../../../test/interrupt-import.ts'
import {
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { log, textOf } from '../../../test/people.ts'
import { removeMember } from '../organisations/members.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'
import { archiveWaitlist, restoreWaitlist } from '../waitlists/archive-waitlist.ts'
import { pruneImports } from './prune-imports.ts'
import { maxKeptBytes } from './room-for-files.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
})
afterAll(() => product?.close())

const button = /<form method="post" action="[^"]+\/continue">\s*<button[^>]*>\s*Continue import/
const kysely = () => product.database.owner.kysely
const people = async (id: string, page = 1) => listSubscribers(organisation.ctx, id, { page, limit: 200, needle: '' })
const imported = async (id: string) =>
  (await log(product, `/o/${organisation.slug}`)).filter(
    ({ action, targets }) => action === 'subscriber.imported' && JSON.stringify(targets).includes(id),
  )
const addedBy = ({ changes }: { changes: unknown }) => (changes as { after: { added: number } }).after.added
const row = (here: string) =>
  kysely()
    .selectFrom('imports')
    .selectAll()
    .where('id', '=', here.split('/').at(-1) ?? '')
    .executeTakeFirstOrThrow()

/** An import that somebody has cancelled in the middle of its file. */
async function cancelled(content = fileOf(600, 3), as = user) {
  const begun = await beginImport(product, organisation, as, content)
  await dieAfter(product, 4, begun.job)
  await as.post(`${begun.here}/cancel`)
  const { total } = await people(begun.id)
  expect(total).toBeGreaterThan(0)
  return { ...begun, before: total }
}

test('a cancelled import goes on with the next row: each row once, one row of the log for each of the two who had it run', async () => {
  const { id, here, before } = await cancelled()
  const other = await makeMember(product, organisation, 'admin')
  const admin = await asUser(product, other)
  expect((await admin.get(here)).html).toMatch(button)
  expect((await admin.post(`${here}/continue`)).location).toBe(here)
  const under = textOf((await admin.get(here)).html)
  expect(under).toContain('Import under way')
  expect(under).toContain(`gone on with`)
  await doQueued(product)
  const over = await admin.get(here)
  expect(textOf(over.html)).toContain('The import is done.')
  expect(textOf(over.html)).toContain('Added 600 Already there 0 Refused 3')
  expect(over.html).not.toMatch(button)
  const emails = []
  for (const page of [1, 2, 3]) emails.push(...(await people(id, page)).items.map(({ email }) => email))
  expect(emails).toEqual(Array.from({ length: 600 }, (_, i) => `p${i}@example.com`))
  const results = (await user.post(`${here}/results.csv`)).html.trim().split('\r\n')
  expect(results.slice(1, 601)).toEqual(
    Array.from({ length: 600 }, (_, i) => `${i + 1},added,,p${i}@example.com,2026-01-01`),
  )
  expect(results).toHaveLength(604)
  const rows = await imported(id)
  expect(rows.map(({ actor_name, changes }) => [actor_name, changes])).toEqual([
    [organisation.owner.email, { after: { added: before, already_there: 0, refused: 0, cancelled: true } }],
    [other.email, { after: { added: 600 - before, already_there: 0, refused: 3, continued: true } }],
  ])
  // Each person's page names who brought them, and leads to the row that tells of it.
  const waitlist = here.split('/import/')[0]
  const [first, last] = [(await people(id)).items[0]?.id, (await people(id, 3)).items.at(-1)?.id]
  for (const [person, name, added] of [
    [first, organisation.owner.email, before],
    [last, other.email, 600 - before],
  ]) {
    const { html } = await user.get(`${waitlist}/subscribers/${person}`)
    expect(textOf(html)).toContain(`imported by ${name}`)
    const details = /href="([^"]+\/activity\/\d+)"/.exec(html)?.[1] ?? ''
    expect(textOf((await user.get(details)).html)).toContain(`added – ${added}`)
  }
})

test('of two people who press at once, and twice, one has it go on; what was left of the first run does nothing', async () => {
  const { id, here, job } = await cancelled(fileOf(800))
  const admin = await asUser(product, await makeMember(product, organisation, 'admin'))
  const presses = [user, admin, user, admin].map((who) => who.post(`${here}/continue`))
  expect((await Promise.all(presses)).map(({ location }) => location)).toEqual(presses.map(() => here))
  expect(await row(here)).toMatchObject({ state: 'running', run: job.run + 1 })
  await Promise.all([doQueued(product), doQueued(product), dieAfter(product, 99, job)])
  await takeUp(product)
  expect((await people(id)).total).toBe(800)
  expect(await imported(id)).toHaveLength(2)
  // A page that was open all the while still has the button.
  expect((await user.post(`${here}/continue`)).location).toBe(here)
  await doQueued(product)
  expect(await row(here)).toMatchObject({ state: 'done', added: 800, already_there: 0 })
  expect(await imported(id)).toHaveLength(2)
})

test('killed after it went on, and cancelled and gone on with again, it still does each row once', async () => {
  const { id, here, job } = await cancelled(fileOf(1_250))
  await user.post(`${here}/continue`)
  await dieAfter(product, 4, { ...job, run: 2 })
  await takeUp(product)
  expect((await people(id)).total).toBe(1_250)
  const again = await cancelled(fileOf(1_250))
  await user.post(`${again.here}/continue`)
  await dieAfter(product, 4, { ...again.job, run: 2 })
  await user.post(`${again.here}/cancel`)
  await user.post(`${again.here}/continue`)
  await doQueued(product)
  expect((await people(again.id)).total).toBe(1_250)
  for (const [list, rows] of [
    [id, 2],
    [again.id, 3],
  ] as const) {
    const added = (await imported(list)).map(addedBy)
    expect([added.length, added.reduce((sum, n) => sum + n, 0)]).toEqual([rows, 1_250])
  }
})

test('rows that name each other by the codes of the file do so across the place where it stopped', async () => {
  const rows = Array.from({ length: 600 }, (_, i) => `q${i}@example.com,C${i},${i === 599 ? 'C0' : ''}\n`)
  const { id, here } = await cancelled(`email,referral code,referred by\n${rows.join('')}`)
  await user.post(`${here}/continue`)
  await doQueued(product)
  expect((await people(id)).items[0]).toMatchObject({ email: 'q0@example.com', referral_count: 1 })
})

test('one that an archived waitlist stopped says so, and goes on once that is restored', async () => {
  const { id, here, job } = await beginImport(product, organisation, user, fileOf(600))
  await dieAfter(product, 4, job)
  await archiveWaitlist(organisation.ctx, id)
  await takeUp(product)
  const page = await user.get(here)
  expect(page.html).not.toMatch(button)
  expect(textOf(page.html)).toContain('it takes nobody in. Restore it under Set up')
  const refused = await user.post(`${here}/continue`)
  expect([refused.status, textOf(refused.html)]).toEqual([409, expect.stringContaining('This waitlist is archived')])
  expect(await row(here)).toMatchObject({ state: 'stopped', stopped_reason: 'archived' })
  await restoreWaitlist(organisation.ctx, id)
  await user.post(`${here}/continue`)
  await doQueued(product)
  expect(await row(here)).toMatchObject({ state: 'done', added: 600, stopped_reason: null })
  expect(await imported(id)).toMatchObject([
    { changes: { after: { stopped: 'archived' } } },
    { changes: { after: { continued: true } } },
  ])
})

test('one whose starter lost their place, and one that failed over and over, have a new try', async () => {
  const admin = await makeMember(product, organisation, 'admin')
  const left = await beginImport(product, organisation, await asUser(product, admin), fileOf(600))
  await dieAfter(product, 4, left.job)
  await removeMember(organisation.ctx, admin.id)
  await takeUp(product)
  expect(await row(left.here)).toMatchObject({ state: 'stopped', stopped_reason: 'forbidden' })

  const failed = await beginImport(product, organisation, user, fileOf(600))
  const spoil = (reading: object | undefined, failures: number) =>
    kysely()
      .updateTable('imports')
      .set({ failures, ...(reading ? { reading: JSON.stringify(reading) } : {}) })
      .where('id', '=', failed.job.import_id)
      .execute()
  const { reading } = await row(failed.here)
  await spoil({ delimiter: ',', encoding: 'nonsense' }, 9)
  await doQueued(product)
  expect(await row(failed.here)).toMatchObject({ state: 'stopped', stopped_reason: 'failed' })
  await user.post(`${failed.here}/continue`)
  await doQueued(product)
  // Its failures count from the beginning.
  expect(await row(failed.here)).toMatchObject({ state: 'running', failures: 1 })
  await spoil(reading as object, 1)
  await takeUp(product)

  await user.post(`${left.here}/continue`)
  await doQueued(product)
  for (const { here, id } of [left, failed]) {
    expect(await row(here)).toMatchObject({ state: 'done', added: 600 })
    expect((await people(id)).total).toBe(600)
  }
})

test('whoever may not import has none go on, and what has not begun, is done, or has no file stays as it is', async () => {
  const { here } = await cancelled()
  const member = await asUser(product, await makeMember(product, organisation, 'member'))
  const stranger = await asUser(product, (await makeOrganisation(product)).owner)
  expect((await member.post(`${here}/continue`)).status).toBe(403)
  expect((await stranger.post(`${here}/continue`)).status).toBe(404)
  expect((await user.post(`${here}/continue`, {}, { Origin: 'https://elsewhere.example' })).status).toBe(403)
  expect(await row(here)).toMatchObject({ state: 'cancelled', run: 1 })

  const path = `/o/${organisation.slug}/waitlists/${await makeWaitlist(organisation)}`
  const waiting = await bringFile(product, user, path, fileOf(1))
  const done = await bringFile(product, user, path, fileOf(1))
  await pressStart(user, done)
  await doQueued(product)
  for (const [one, state] of [
    [waiting, 'uploaded'],
    [done, 'done'],
  ] as const) {
    expect((await user.get(one)).html).not.toMatch(button)
    expect((await user.post(`${one}/continue`)).location).toBe(one)
    expect(await row(one)).toMatchObject({ state })
  }
  expect(await doQueued(product)).toBe(0)
})

test('its file is kept while it goes on, however old it is and whoever needs the room; one that is gone is not gone on with', async () => {
  const [kept, gone] = [await cancelled(), await cancelled()]
  await sql`update imports set finished_at = finished_at - interval '8 days' where id = ${kept.job.import_id}`.execute(
    kysely(),
  )
  await user.post(`${kept.here}/continue`)
  await sql`update imports set bytes = ${maxKeptBytes} where id = ${kept.job.import_id}`.execute(kysely())
  await pruneImports(asWorker(product))
  const path = `/o/${organisation.slug}/waitlists/${gone.id}`
  await expect(bringFile(product, user, path, fileOf(1))).rejects.toThrow('would be larger than 1 GB')
  await doQueued(product)
  expect(await row(kept.here)).toMatchObject({ state: 'done', added: 600, file_deleted_at: null })

  // Its deletion has begun, and got no further than the mark.
  await sql`update imports set file_deleted_at = now() where id = ${gone.job.import_id}`.execute(kysely())
  const page = await user.get(gone.here)
  expect(page.html).not.toMatch(button)
  expect(textOf(page.html)).toContain('a second import of the file goes on where this one ended')
  const refused = await user.post(`${gone.here}/continue`)
  expect([refused.status, textOf(refused.html)]).toEqual([409, expect.stringContaining('no longer kept. Upload it')])
  await pruneImports(asWorker(product))
  for (const table of ['import_chunks', 'import_results'] as const) {
    const ids = (await kysely().selectFrom(table).select('import_id').execute()).map(({ import_id }) => import_id)
    expect([ids.includes(gone.job.import_id), ids.includes(kept.job.import_id)]).toEqual([false, true])
  }
})
