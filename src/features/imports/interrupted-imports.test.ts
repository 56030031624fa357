import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { doQueued } from '../../../test/bring-file.ts'
import { asWorker, beginImport, dieAfter, fileOf, letLie, takeUp } from '../../../test/interrupt-import.ts'
import {
  makeMember,
  makeOrganisation,
  makeProduct,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { log, textOf } from '../../../test/people.ts'
import { removeMember } from '../organisations/members.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'
import { resumeImports } from './resume-imports.ts'
import { runImport } from './run-import.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
})
afterAll(() => product?.close())

const begin = (content: string, as = user) => beginImport(product, organisation, as, content)
const count = async (id: string) =>
  (await listSubscribers(organisation.ctx, id, { page: 1, limit: 1, needle: '' })).total
const imported = async (id: string) =>
  (await log(product, `/o/${organisation.slug}`)).filter(
    ({ action, targets }) => action === 'subscriber.imported' && JSON.stringify(targets).includes(id),
  )

test('broken off after any batch it goes on from there, and each row is done once', async () => {
  for (const batches of [4, 5, 6, 7]) {
    const { id, here, job } = await begin(fileOf(1_200, 3))
    await dieAfter(product, batches, job)
    expect(await count(id)).toBeLessThan(1_200)
    expect(await imported(id)).toEqual([])
    await takeUp(product)
    expect(await count(id)).toBe(1_200)
    expect(textOf((await user.get(here)).html)).toContain('Added 1,200 Already there 0 Refused 3')
    expect(await imported(id)).toMatchObject([{ changes: { after: { added: 1_200, already_there: 0, refused: 3 } } }])
    const results = (await user.post(`${here}/results.csv`)).html.trim().split('\r\n')
    expect(results).toHaveLength(1_204)
    expect(results.at(1_200)).toBe('1200,added,,p1199@example.com,2026-01-01')
    expect(results.at(-1)).toMatch(/^1203,refused,This is not an e-mail address\.,nobody,$/)
  }
})

test('a process that was thought dead and several at once do no row twice', async () => {
  const { id, job } = await begin(fileOf(2_000))
  await dieAfter(product, 5, job)
  await letLie(product)
  await resumeImports(asWorker(product))
  const newer = { ...job, run: 2 }
  await Promise.all([
    runImport(asWorker(product), job),
    runImport(asWorker(product), newer),
    runImport(asWorker(product), newer),
    doQueued(product),
  ])
  await doQueued(product)
  expect(await count(id)).toBe(2_000)
  expect(await imported(id)).toMatchObject([{ changes: { after: { added: 2_000, already_there: 0 } } }])
})

test('an import that waits for its turn is not taken up, however long it waits', async () => {
  const { job } = await begin(fileOf(10))
  await product.database.owner.kysely
    .updateTable('imports')
    .set({ progressed_at: new Date(0) })
    .where('id', '=', job.import_id)
    .execute()
  await resumeImports(asWorker(product))
  const { run } = await product.database.owner.kysely
    .selectFrom('imports')
    .select('run')
    .where('id', '=', job.import_id)
    .executeTakeFirstOrThrow()
  expect(run).toBe(1)
  await doQueued(product)
})

test('an import that gets on is not taken up by others', async () => {
  const { job } = await begin(fileOf(10))
  await resumeImports(asWorker(product))
  const { run } = await product.database.owner.kysely
    .selectFrom('imports')
    .select('run')
    .where('id', '=', job.import_id)
    .executeTakeFirstOrThrow()
  expect(run).toBe(1)
  await doQueued(product)
})

test('a long one lets others have their turn in the queue, and ends all the same', async () => {
  const { id, job } = await begin(fileOf(1_500))
  let now = product.services.now().getTime()
  // Time passes with each look at the clock: a slice is over after a few batches.
  const tick = () => {
    now += 5
    return new Date(now)
  }
  const slow = { ...asWorker(product), now: tick }
  await runImport(slow, job)
  expect(await count(id)).toBeLessThan(1_500)
  const due = product.database.owner.kysely.selectFrom('queued_jobs').select('id').where('leased_until', 'is', null)
  expect(await due.execute()).toHaveLength(2)
  await doQueued(product)
  expect(await count(id)).toBe(1_500)
  expect(await imported(id)).toHaveLength(1)
})

test('20,000 rows become 20,000 people, in the order of the file', async () => {
  const { id, here } = await begin(fileOf(20_000))
  await doQueued(product)
  expect(await count(id)).toBe(20_000)
  const { items } = await listSubscribers(organisation.ctx, id, { page: 100, limit: 200, needle: '' })
  expect(items.map(({ email }) => email)).toEqual(Array.from({ length: 200 }, (_, i) => `p${19_800 + i}@example.com`))
  expect((await user.post(`${here}/results.csv`)).html.split('\r\n')).toHaveLength(20_002)
})

test('cancelled, it keeps who was added, tells of the rest, and writes its row of the log', async () => {
  const { id, here, job } = await begin(fileOf(1_000))
  await dieAfter(product, 5, job)
  const added = await count(id)
  expect(added).toBeGreaterThan(0)
  expect(textOf((await user.get(`${here}/cancel`)).html)).toMatch(
    /Cancel this import\? .* Keep importing Cancel import/,
  )
  expect((await user.post(`${here}/cancel`)).location).toBe(here)
  await user.post(`${here}/cancel`)
  await takeUp(product)
  expect(await count(id)).toBe(added)
  expect(await imported(id)).toMatchObject([{ changes: { after: { added, cancelled: true } } }])
  expect(textOf((await user.get(here)).html)).toContain('The import was cancelled.')
  const results = (await user.post(`${here}/results.csv`)).html.trim().split('\r\n')
  expect(results.at(-1)).toBe('1000,not imported,The import ended before this row.,p999@example.com,2026-01-01')
})

test('cancelled before its first row it says that nobody was added', async () => {
  const { here } = await begin(fileOf(3))
  await user.post(`${here}/cancel`)
  expect(textOf((await user.get(here)).html)).toContain('No row was looked at, so nobody was added;')
})

test('an archived waitlist, and somebody who may no longer add people, stop it with the reason', async () => {
  const archived = await begin(fileOf(1_000))
  await dieAfter(product, 5, archived.job)
  await archiveWaitlist(organisation.ctx, archived.id)
  await takeUp(product)
  expect(await count(archived.id)).toBeLessThan(1_000)
  expect(textOf((await user.get(archived.here)).html)).toContain('The waitlist was archived meanwhile')
  expect(await imported(archived.id)).toMatchObject([{ changes: { after: { stopped: 'archived' } } }])

  for (const lose of ['role', 'place'] as const) {
    const admin = await makeMember(product, organisation, 'admin')
    const theirs = await begin(fileOf(1_000), await asUser(product, admin))
    await dieAfter(product, 5, theirs.job)
    const added = await count(theirs.id)
    if (lose === 'place') await removeMember(organisation.ctx, admin.id)
    else {
      await product.database.owner.kysely
        .updateTable('members')
        .set({ role: 'member' })
        .where('user_id', '=', admin.id)
        .execute()
    }
    await takeUp(product)
    expect(await count(theirs.id)).toBe(added)
    expect(textOf((await user.get(theirs.here)).html)).toContain(
      'Whoever started it may no longer add subscribers here.',
    )
    expect(await imported(theirs.id)).toMatchObject([
      { actor_name: admin.email, changes: { after: { added, stopped: 'forbidden' } } },
    ])
  }
})

test('one that fails over and over is given up with a word, not tried for ever', async () => {
  const { here, job, id } = await begin(fileOf(10))
  await product.database.owner.kysely
    .updateTable('imports')
    .set({ reading: '{"delimiter":",","encoding":"nonsense"}', failures: 9 })
    .where('id', '=', job.import_id)
    .execute()
  await doQueued(product)
  expect(textOf((await user.get(here)).html)).toContain('Something unexpected happened over and over')
  expect(await imported(id)).toEqual([])
  expect(product.logged()).toContain('an import failed; it comes again')
})
