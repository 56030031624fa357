import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { foundingRule } from '../../src/features/organisations/found-organisation.ts'
import { importSubscribers } from '../../src/features/subscribers/import-subscribers.ts'
import { newFormNonce } from '../../src/platform/form-nonce.ts'
import { asUser } from '../as.ts'
import { bringFile, doQueued, matchForm, pressStart, sendFile } from '../bring-file.ts'
import { makeOrganisation, makeProduct, makeWaitlist, type TestOrganisation, type TestProduct } from '../make.ts'
import { textOf } from '../people.ts'

let product: TestProduct
let full: TestProduct
let huge: TestProduct
beforeAll(async () => {
  product = await makeProduct()
  // More than any disk has, and less than any database.
  full = await makeProduct({ MIN_FREE_DISK_MB: '1000000000' }, product)
  huge = await makeProduct({ MAX_DATABASE_MB: '1' }, product)
})
afterAll(async () => {
  await huge.close()
  await full.close()
  await product.close()
})

const content = 'email\nada@example.com\nbob@example.com\n'
const owner = () => product.database.owner.kysely

async function begin(at = product, as?: TestOrganisation) {
  const organisation = as ?? (await makeOrganisation(product, 'team'))
  const user = await asUser(at, organisation.owner)
  const waitlistId = await makeWaitlist(organisation)
  return { organisation, user, waitlistId, path: `/o/${organisation.slug}/waitlists/${waitlistId}` }
}

/** Presses "Start import" where the file is said to have so many lines. */
async function startWith(lines: number, as?: TestOrganisation) {
  const { organisation, user, path } = await begin(product, as)
  const here = await bringFile(product, user, path, content)
  await sql`update imports set lines = ${lines} where id = ${here.split('/').at(-1)}`.execute(owner())
  const { html } = await user.get(here)
  const answer = await user.post(here, { ...matchForm(html), step: 'start' })
  return { organisation, status: answer.status, words: textOf(answer.html) }
}

test('a user imports a million rows at once and another million, and then waits, in whichever organisation', async () => {
  const { organisation, status } = await startWith(1_000_000)
  expect(status).toBe(303)
  expect((await startWith(1_000_000, organisation)).status).toBe(303)
  const third = await startWith(1_000_000, organisation)
  expect([third.status, third.words]).toEqual([429, expect.stringContaining('You imported very many rows lately')])
  expect((await startWith(1_000_000)).status).toBe(303)
})

test('a file of more rows than the whole allowance can be imported by somebody who has used none of it', async () => {
  expect((await startWith(9_000_000)).status).toBe(303)
})

test('rows that a stray quotation mark hides from the count are counted as they are imported', async () => {
  const { organisation, user, path } = await begin()
  const rows = Array.from({ length: 600 }, (_, i) => `q${i}@example.com,a\n`).join('')
  const here = await bringFile(product, user, path, `email,size\np@example.com,3" pipe\n${rows}`)
  await pressStart(user, here)
  await sql`update rate_limits set tokens = 300, refilled_at = clock_timestamp() + interval '1 hour'
    where subject = ${`import-rows:${organisation.owner.id}`}`.execute(owner())
  await doQueued(product)
  const stopped = textOf((await user.get(here)).html)
  expect(stopped).toContain('has imported very many rows lately')
  expect(stopped).toMatch(/Added (?:250|300) /)
  await sql`delete from rate_limits`.execute(owner())
  expect((await user.post(`${here}/continue`)).status).toBe(303)
  await doQueued(product)
  expect(textOf((await user.get(here)).html)).toContain('Added 601 Already there 0 Refused 0')
})

test('what a user uploads is counted over all organisations', async () => {
  const { organisation, user, path } = await begin()
  await bringFile(product, user, path, content)
  for (const what of ['files', 'pieces'])
    expect(
      (
        await sql`update rate_limits set tokens = 0, refilled_at = clock_timestamp() + interval '1 hour'
        where subject = ${`import-${what}:${organisation.owner.id}`} returning 1`.execute(owner())
      ).rows,
    ).toHaveLength(1)
  const other = await makeOrganisation(product, 'team')
  await sql`insert into members (organisation_id, user_id, role) values (${other.id}, ${organisation.owner.id}, 'owner')`.execute(
    owner(),
  )
  const action = `/o/${other.slug}/waitlists/${await makeWaitlist(other)}/import?form_nonce=${newFormNonce()}`
  const answer = await sendFile(product, user, action, content)
  expect([answer.status, textOf(answer.html)]).toEqual([429, expect.stringContaining('you in all of yours')])
})

test('a user makes ten organisations, and then one every few hours', async () => {
  const { user } = await begin()
  const make = () => user.post('/organisations/new', { name: 'Another', form_nonce: newFormNonce() })
  for (let i = 0; i < foundingRule.burst; i++) expect((await make()).status).toBe(303)
  const refused = await make()
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_600)
})

test.each(['a disk', 'a database'])('with %s that is nearly full, files are refused with the reason', async (what) => {
  const at = what === 'a disk' ? full : huge
  const { organisation, waitlistId, path, user } = await begin(at)
  const why = expect.stringContaining('This server is almost out of disk space')
  const answer = await sendFile(at, user, `${path}/import?form_nonce=${newFormNonce()}`, content)
  expect([answer.status, textOf(answer.html)]).toEqual([503, why])
  expect(answer.headers.get('retry-after')).toBe('600')
  const kept = await owner().selectFrom('imports').select('id').where('waitlist_id', '=', waitlistId).execute()
  expect(kept).toEqual([])
  const ctx = { ...organisation.ctx, config: at.services.config }
  const file = join(at.services.config.dataDir, 'people.csv')
  writeFileSync(file, content)
  await expect(importSubscribers(ctx, waitlistId, file)).rejects.toMatchObject({ code: 'unavailable' })
  // Subscribers who come one by one still find room.
  expect((await user.post(`${path}/add`, { email: 'one@example.com' })).status).toBe(303)
})

test('an import stops where the disk gets nearly full, and goes on where there is room again', async () => {
  const { organisation, user, path } = await begin()
  const here = await bringFile(product, user, path, content)
  await pressStart(user, here)
  await doQueued(full)
  expect(textOf((await user.get(here)).html)).toContain('almost out of disk space')
  const elsewhere = await asUser(full, organisation.owner)
  expect((await elsewhere.post(`${here}/continue`)).status).toBe(503)
  expect((await user.post(`${here}/continue`)).status).toBe(303)
  await doQueued(product)
  expect(textOf((await user.get(here)).html)).toContain('Added 2 Already there 0 Refused 0')
})
