import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, pressStart } from '../../../test/bring-file.ts'
import { beginImport, dieAfter, fileOf } from '../../../test/interrupt-import.ts'
import {
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { dump, textOf } from '../../../test/people.ts'
import { runDueJobs } from '../../platform/jobs/run-due-jobs.ts'
import { jobHandlers } from '../../worker.ts'
import { addSubscriber } from '../subscribers/add-subscriber.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'
import { removeSubscriber } from '../subscribers/remove-subscriber.ts'
import { chunkBytes } from './import-file.ts'
import { pruneImports } from './prune-imports.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
})
afterAll(() => product?.close())

async function importFile(id: string, content: string | Buffer) {
  const here = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, content)
  await pressStart(user, here)
  await doQueued(product)
  return here
}
async function remove(id: string, needle: string) {
  const { items } = await listSubscribers(organisation.ctx, id, { page: 1, limit: 1, needle })
  await removeSubscriber(organisation.ctx, id, items[0]?.id ?? '')
  await doQueued(product)
}
const results = async (here: string) => (await user.post(`${here}/results.csv`)).html.trim().split('\r\n')

test('whoever is removed is forgotten in the files too, and every other row stays as it was', async () => {
  const id = await makeWaitlist(organisation)
  const file = [
    'email,note',
    'one@example.com,"a\r\nb"',
    'Forget.Me@example.com,"first\r\nsecond"',
    'two@example.com,Forget me <forget.me@EXAMPLE.com>',
    'three@example.com,',
    '"forget.me@example.com never closed',
    'four@example.com',
  ].join('\r\n')
  const here = await importFile(id, file)
  const waiting = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, file)
  expect(await dump(product)).toMatch(/forget\.me/i)
  await remove(id, 'forget')
  expect(await dump(product)).not.toMatch(/forget\.me/i)
  expect((await results(here)).slice(1).map((line) => line.replace(/ +/g, ' '))).toEqual([
    '1,added,,one@example.com,"a',
    'b"',
    '2,removed,Was removed from this waitlist since., ,',
    '3,removed,Was removed from this waitlist since., ,',
    '4,added,,three@example.com,',
    '5,removed,Was removed from this waitlist since., ,',
    '6,added,,four@example.com,',
  ])
  // What was not imported yet can still be.
  await pressStart(user, waiting)
  await doQueued(product)
  expect(textOf((await user.get(waiting)).html)).toContain('Added 0 Already there 3 Refused 3')

  // The next import keeps them away, and says so beforehand.
  const again = await bringFile(
    product,
    user,
    `/o/${organisation.slug}/waitlists/${id}`,
    'email\nforget.me@example.com\n',
  )
  expect(textOf((await user.get(again)).html)).toContain('1 refused: Was removed from this waitlist.')
  await pressStart(user, again)
  await doQueued(product)
  expect((await results(again)).at(1)).toBe('1,refused,Was removed from this waitlist.,forget.me@example.com')
})

test('in the file of an import that was stopped, which goes on without them, each other row at its place', async () => {
  const { id, here, job } = await beginImport(product, organisation, user, fileOf(600))
  await dieAfter(product, 4, job)
  await user.post(`${here}/cancel`)
  await addSubscriber(organisation.ctx, id, { email: 'p590@example.com' })
  for (const email of ['p0@', 'p590@']) await remove(id, email)
  await user.post(`${here}/continue`)
  await doQueued(product)
  expect(textOf((await user.get(here)).html)).toContain('Added 599 Already there 0 Refused 1')
  const lines = await results(here)
  expect(lines.map((line) => line.replace(/ +/g, ' '))).toEqual([
    'row,result,reason,email,joined_at',
    '1,removed,Was removed from this waitlist since., ,',
    ...Array.from({ length: 589 }, (_, i) => `${i + 2},added,,p${i + 1}@example.com,2026-01-01`),
    '591,refused,There is no e-mail address., ,',
    ...Array.from({ length: 9 }, (_, i) => `${i + 592},added,,p${i + 591}@example.com,2026-01-01`),
  ])
  expect(await dump(product)).not.toMatch(/\bp(0|590)@example/)
})

test('in every spelling, and nobody whose address only looks like theirs', async () => {
  const id = await makeWaitlist(organisation)
  const person = 'jos\u00e9@m\u00fcller.example'
  const names = [
    person,
    person.normalize('NFD'),
    `'${person}' and others`,
    `${person}.`,
    `${person}/x`,
    `via=${person}`,
    'JOS\u00c9@XN--MLLER-KVA.example, or so',
    `mailto:${encodeURIComponent(person)}`,
    '- jos\u00e9%40xn--mller-kva.example',
  ]
  const others = [`mar\u00ed${person}`, `a.${person}`, `${person}.au`, `${person}-a.example`]
  const notes = [...names, ...others].map((note, i) => `p${i}@example.com,"${note}"`)
  const file = [
    'email,note',
    `${person},`,
    `x=${person},`,
    ...notes,
    `"${person} never closed`,
    'last@example.com,',
  ].join('\r\n')
  const here = await importFile(id, file)
  const latin = await importFile(
    id,
    Buffer.from(`email,note\n${person},\n"jos\u00e9@m\u00fcller.example never closed\n`, 'latin1'),
  )
  await remove(id, person)
  const resultOf = async (path: string) => (await results(path)).slice(1).map((line) => line.split(',')[1])
  expect(await resultOf(here)).toEqual([
    ...['removed', 'added', ...names.map(() => 'removed'), ...others.map(() => 'added'), 'removed', 'added'],
  ])
  expect(await resultOf(latin)).toEqual(['removed', 'removed'])
})

test('several people in one reading, in slices between which others have their turn', async () => {
  const id = await makeWaitlist(organisation)
  const rows = Array.from({ length: 300 }, (_, i) => `slice${i}@example.com`)
  const here = await importFile(id, `email\n${rows.join('\n')}\n`)
  const waiting = () => product.database.owner.kysely.selectFrom('queued_jobs').selectAll().execute()
  const ids = (await listSubscribers(organisation.ctx, id, { page: 1, limit: 200, needle: '' })).items
  for (const { id: person } of ids.slice(0, 20)) await removeSubscriber(organisation.ctx, id, person)
  expect(await waiting()).toHaveLength(20)

  // Time passes with each look at the clock: a slice is over after some hundred rows.
  let now = product.services.now().getTime()
  const tick = () => {
    now += 15
    return new Date(now)
  }
  const slow = { ...product.services, db: product.database.jobs, now: tick }
  let turns = 0
  const doOne = () => runDueJobs(slow, jobHandlers, () => turns++ > 0)
  const turn = () => {
    turns = 0
    return doOne()
  }
  await turn()
  expect(await waiting()).toHaveLength(1)
  await turn()
  // One who is removed while it is under way has the next reading, with whoever else is.
  for (const { id: person } of ids.slice(20, 22)) await removeSubscriber(organisation.ctx, id, person)
  expect(await waiting()).toHaveLength(3)
  let count = 2
  while ((await waiting()).length > 0) {
    await turn()
    count += 1
  }
  // Joined twice, and two readings of three slices each.
  expect(count).toBeLessThan(12)
  const lines = (await results(here)).slice(1).map((line) => line.split(',')[1])
  expect(lines).toEqual([...Array(22).fill('removed'), ...Array(278).fill('added')])
})

test('across the seam of two pieces, too', async () => {
  const id = await makeWaitlist(organisation)
  const row = 'seam@example.com,x\n'
  const filler = 'f@example.com,'
  const before = `email,n\n${filler}${'n'.repeat(40_000)}\n`.padEnd(chunkBytes - 8 - row.length, '\n')
  const here = await importFile(
    id,
    `${before}${row}${'y'.repeat(5)}@example.com,${'z'.repeat(30)}\n${row}last@example.com,1\n`,
  )
  await remove(id, 'seam')
  const lines = await results(here)
  expect(lines.map((line) => line.split(',')[1])).toEqual(['result', 'added', 'removed', 'added', 'removed', 'added'])
  expect(lines.at(-1)).toBe('5,added,,last@example.com,1')
  expect(await dump(product)).not.toContain('seam@')
})

test('files are deleted after a week, what came of them is not; those that never began sooner', async () => {
  const id = await makeWaitlist(organisation)
  const path = `/o/${organisation.slug}/waitlists/${id}`
  const content = 'email\nkept@example.com\n'
  const [old, fresh] = [await importFile(id, content), await importFile(id, content)]
  const [abandoned, open] = [
    await bringFile(product, user, path, content),
    await bringFile(product, user, path, content),
  ]
  const ids = (paths: string[]) => paths.map((one) => one.split('/').at(-1) ?? '')
  const age = (paths: string[], days: number) =>
    sql`update imports set created_at = created_at - ${days} * interval '1 day', finished_at = finished_at - ${days} * interval '1 day'
      where id = any (${ids(paths)})`.execute(product.database.owner.kysely)
  await age([old], 8)
  await age([abandoned], 3)
  await pruneImports({ ...product.services, db: product.database.jobs })
  expect(textOf((await user.get(old)).html)).toContain('no longer kept')
  expect((await user.post(`${old}/results.csv`)).status).toBe(404)
  expect((await user.post(`${fresh}/results.csv`)).status).toBe(200)
  expect((await user.get(abandoned)).status).toBe(404)
  expect((await user.get(open)).status).toBe(200)
  const chunks = await product.database.owner.kysely
    .selectFrom('import_chunks')
    .select('import_id')
    .where('import_id', 'in', ids([old, abandoned]))
    .execute()
  expect(chunks).toEqual([])
  // After three months nobody needs to know from where it was started; who came with it is told for good.
  const startedBy = () =>
    product.database.owner.kysely
      .selectFrom('imports')
      .select('started_by')
      .where('id', 'in', ids([old]))
      .execute()
  expect(await startedBy()).toMatchObject([{ started_by: { ip: '127.0.0.1' } }])
  await age([old], 90)
  await pruneImports({ ...product.services, db: product.database.jobs })
  expect(JSON.stringify(await startedBy())).not.toMatch(/"ip"|"user_agent"/)
  expect(textOf((await user.get(old)).html)).toContain('no longer kept')
})
