import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { inviteMember } from '../../src/features/organisations/invite-member.ts'
import { removeSubscriber } from '../../src/features/subscribers/remove-subscriber.ts'
import { runDueJobs } from '../../src/platform/jobs/run-due-jobs.ts'
import { jobHandlers } from '../../src/worker.ts'
import { asUser } from '../as.ts'
import { bringFile, doQueued, pressStart } from '../bring-file.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestOrganisation, type TestProduct } from '../make.ts'
import { password } from '../people.ts'

let product: TestProduct
beforeAll(async () => {
  product = await makeProduct({ TRUSTED_PROXIES: '127.0.0.1', SMTP_URL: 'smtp://127.0.0.1:1' })
})
afterAll(() => product.close())
beforeEach(async () => {
  await sql`delete from queued_jobs`.execute(product.database.owner.kysely)
  await sql`delete from rate_limits`.execute(product.database.owner.kysely)
  product.mails.length = 0
})

const visitor = () => asUser(product, undefined)
const atWork = () => ({ ...product.services, db: product.database.jobs })

/** Another organisation of the same owner. */
async function makeFurther(first: TestOrganisation): Promise<TestOrganisation> {
  const other = await makeOrganisation(product, 'team')
  const { kysely } = product.database.owner
  await kysely.deleteFrom('members').where('organisation_id', '=', other.id).execute()
  await kysely
    .insertInto('members')
    .values({ organisation_id: other.id, user_id: first.owner.id, role: 'owner' })
    .execute()
  return { ...other, owner: first.owner, ctx: { ...other.ctx, actor: first.ctx.actor } }
}

async function beginImports(organisation: TestOrganisation, count: number): Promise<string> {
  const user = await asUser(product, organisation.owner)
  const path = `/o/${organisation.slug}/waitlists/${await makeWaitlist(organisation)}`
  for (let i = 0; i < count; i++)
    await pressStart(user, await bringFile(product, user, path, `email\np${i}@example.com\n`))
  return path
}

test('one owner’s many files in many organisations let another’s only file be second', async () => {
  const busy = await makeOrganisation(product, 'team')
  for (const one of [busy, await makeFurther(busy), await makeFurther(busy)]) await beginImports(one, 4)
  const calm = await makeOrganisation(product, 'team')
  await beginImports(calm, 1)
  await doQueued(product)
  const finished = await product.database.owner.kysely
    .selectFrom('imports')
    .select('organisation_id')
    .where('state', '=', 'done')
    .orderBy('finished_at')
    .execute()
  expect(finished).toHaveLength(13)
  expect(finished.findIndex(({ organisation_id }) => organisation_id === calm.id)).toBe(1)
})

test('people whom one owner removes do not stand before another’s imports', async () => {
  const busy = await makeOrganisation(product, 'team')
  const paths: string[] = []
  for (let i = 0; i < 4; i++) paths.push(await beginImports(busy, 1))
  await doQueued(product)
  for (const path of paths) {
    const waitlistId = path.split('/').at(-1) ?? ''
    const { id } = await product.database.owner.kysely
      .selectFrom('subscribers')
      .select('id')
      .where('waitlist_id', '=', waitlistId)
      .executeTakeFirstOrThrow()
    await removeSubscriber(busy.ctx, waitlistId, String(id))
  }
  const calm = await makeOrganisation(product, 'team')
  await beginImports(calm, 1)
  const done: string[] = []
  const handlers = Object.fromEntries(
    Object.entries(jobHandlers).map(([name, handle]) => [
      name,
      async (...given: Parameters<typeof handle>) => {
        done.push(name)
        await handle(...given)
      },
    ]),
  )
  await runDueJobs(atWork(), handlers, undefined, 'long')
  expect(done.indexOf('run import')).toBeLessThanOrEqual(1)
  expect(done.filter((name) => name === 'forget in files').length).toBeGreaterThanOrEqual(4)
})

test('one user’s invitations from many organisations let another’s only one be second', async () => {
  const busy = await makeOrganisation(product, 'team')
  for (const one of [busy, await makeFurther(busy)])
    for (let i = 0; i < 10; i++) await inviteMember(one.ctx, { email: `p${i}-${one.slug}@example.com`, role: 'member' })
  const calm = await makeOrganisation(product, 'team')
  await inviteMember(calm.ctx, { email: 'only@example.com', role: 'member' })
  await doQueued(product)
  expect(product.mails).toHaveLength(21)
  expect(product.mails.findIndex(({ to }) => to === 'only@example.com')).toBe(1)
})

test('a link that a sign-in waits for stands behind no other mail', async () => {
  const { ctx, owner } = await makeOrganisation(product, 'team')
  for (let i = 0; i < 10; i++) await inviteMember(ctx, { email: `q${i}@example.com`, role: 'member' })
  await (await visitor()).post('/forgot-password', { email: owner.email })
  await runDueJobs(atWork(), jobHandlers, undefined, 'sign_in')
  expect(product.mails.map(({ to }) => to)).toEqual([owner.email])
})

test('a flood of reset links and sign-ups from one network lets the others’ links be among the first', async () => {
  const users = await Promise.all(Array.from({ length: 12 }, () => makeOrganisation(product)))
  for (const [i, { owner }] of users.entries()) {
    const flood = { 'X-Forwarded-For': `2001:db8:${i}::1` }
    await (await visitor()).post('/forgot-password', { email: owner.email }, flood)
    await (await visitor()).post('/sign-up', { email: `flood-${i}@example.com`, password }, flood)
  }
  const victim = await makeOrganisation(product)
  const elsewhere = { 'X-Forwarded-For': '198.51.100.7' }
  await (await visitor()).post('/forgot-password', { email: victim.owner.email }, elsewhere)
  await runDueJobs(atWork(), jobHandlers, undefined, 'sign_in')
  expect(product.mails).toHaveLength(25)
  expect(product.mails.findIndex(({ to }) => to === victim.owner.email)).toBeLessThanOrEqual(1)
})
