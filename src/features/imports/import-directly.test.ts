import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { log, textOf } from '../../../test/people.ts'
import type { HeldConnection } from '../../platform/db/database.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import { fillWaitlist } from '../subscribers/fill-waitlist.ts'
import { endAbandonedImports, importDirectly } from './import-directly.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct()
})
afterAll(() => product.close())

const sweep = () => endAbandonedImports({ ...product.services, db: product.database.jobs })

function rowOf(name: string) {
  const email = parseEmailAddress(`${name}@example.com`)
  if (!email) throw new Error('no address')
  return { email, joinedAt: null }
}

/** An import of a command in the middle: one batch is in, and the next one comes when `goOn` is called. */
async function setUp() {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  const home = `/o/${organisation.slug}`
  const owner = await asUser(product, organisation.owner)
  const middle = Promise.withResolvers<void>()
  const more = Promise.withResolvers<void>()
  async function* batches() {
    yield [rowOf('a'), 'm' as const, rowOf('b')]
    middle.resolve()
    await more.promise
    yield [rowOf('b'), rowOf('c')]
  }
  let held: HeldConnection | undefined
  const { db } = organisation.ctx
  const hold = async () => {
    held = await db.hold()
    return held
  }
  const done = importDirectly({ ...organisation.ctx, db: { ...db, hold } }, waitlist, 'people.csv', batches())
  done.catch(() => undefined)
  await middle.promise
  const page = `${home}/waitlists/${waitlist}`
  return {
    organisation,
    owner,
    page,
    done,
    goOn: more.resolve,
    loseMarks: () => held?.release(),
    logged: async () => (await log(product, home)).filter(({ action }) => action === 'subscriber.imported'),
    personPage: async (id: number) => textOf((await owner.get(`${page}/subscribers/${id}`)).html),
  }
}

test('an import by a command stands among the waitlist’s imports while it runs, and is one row of the log', async () => {
  const { owner, page, goOn, done, logged, personPage, organisation } = await setUp()
  const imports = await owner.get(`${page}/import`)
  expect(textOf(imports.html)).toMatch(/people\.csv Running .* 2 1/)
  const [one = ''] = new RegExp(`${page}/import/imp_\\w+`).exec(imports.html) ?? []
  expect(textOf((await owner.get(one)).html)).toContain('3 rows so far. A command on the server reads them.')
  expect(await personPage(2)).toContain(`Came with people.csv , which ${organisation.owner.email} is importing`)
  expect(await logged()).toEqual([])
  await sweep()
  goOn()
  expect(await done).toEqual({ added: 3, confirmed: 0, already_there: 1, refused: 1 })
  expect(await logged()).toMatchObject([{ changes: { after: { added: 3, already_there: 1, refused: 1 } } }])
  expect(await personPage(3)).toContain(`Came with people.csv , imported by ${organisation.owner.email} Details`)
  expect(textOf((await owner.get(one)).html)).toContain('The import is done.')
  await sweep()
  expect(await logged()).toHaveLength(1)
})

test('cancelled on its page, it ends with the batch at hand, and says so', async () => {
  const { owner, page, goOn, done, logged } = await setUp()
  const [one = ''] = new RegExp(`${page}/import/imp_\\w+`).exec((await owner.get(`${page}/import`)).html) ?? []
  await owner.post(`${one}/cancel`)
  goOn()
  await expect(done).rejects.toThrow('cancelled on its page')
  expect(await logged()).toMatchObject([{ changes: { after: { added: 2, cancelled: true } } }])
})

test('killed, it is ended by whichever server runs, and the log tells what it had added', async () => {
  const { owner, page, done, goOn, logged, loseMarks } = await setUp()
  // As the connections of a killed process do.
  loseMarks()
  await expect
    .poll(async () => sweep().then(logged), { timeout: 20_000 })
    .toMatchObject([{ changes: { after: { added: 2, refused: 1, stopped: 'ended' } } }])
  const [one = ''] = new RegExp(`${page}/import/imp_\\w+`).exec((await owner.get(`${page}/import`)).html) ?? []
  expect(textOf((await owner.get(one)).html)).toContain('The command that ran it ended before the file did.')
  goOn()
  await done.catch(() => undefined)
})

test('a source that fails or has nothing leaves what it brought, and nothing else', async () => {
  const organisation = await makeOrganisation(product)
  const waitlist = await makeWaitlist(organisation)
  async function* broken() {
    yield [rowOf('a')]
    throw new Error('the pipe broke')
  }
  async function* nothing() {}
  await expect(importDirectly(organisation.ctx, waitlist, 'x', broken())).rejects.toThrow('the pipe broke')
  expect(await importDirectly(organisation.ctx, waitlist, 'y', nothing())).toMatchObject({ added: 0 })
  await fillWaitlist(organisation.ctx, waitlist, 3)
  const rows = (await log(product, `/o/${organisation.slug}`)).filter(({ action }) => action === 'subscriber.imported')
  expect(rows.map(({ changes }) => (changes as { after: { added: number } }).after.added)).toEqual([1, 3])
})
