import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, matchForm, pressStart, tickedWords } from '../../../test/bring-file.ts'
import {
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { importSubscribers } from '../subscribers/import-subscribers.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'

let product: TestProduct
let organisation: TestOrganisation
let user: Awaited<ReturnType<typeof asUser>>
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  user = await asUser(product, organisation.owner)
})
afterAll(() => product?.close())

async function place() {
  const id = await makeWaitlist(organisation)
  return { id, path: `/o/${organisation.slug}/waitlists/${id}` }
}
const emailsOf = async (id: string) =>
  (await listSubscribers(organisation.ctx, id, { page: 1, limit: 200, needle: '' })).items.map(({ email }) => email)

const active = [
  ...['active', 'Active', 'subscribed', 'SUBSCRIBED', 'confirmed', 'verified', 'enabled', 'waiting', 'applied', 'true'],
  ...['yes', '1', 'opted in', 'opted-in', ' active ', '"active"', '\u200bactive', 'waitlisted', 'deliverable'],
]
const notActive = [
  ...[
    'unsubscribed',
    'cleaned',
    'bounced',
    'pending',
    'complained',
    'blocked',
    'non-subscribed',
    'archived',
    'deleted',
  ],
  ...['opted out', 'never subscribed', 'NEVER_SUBSCRIBED', 'hard bounce', 'inactive', 'false', 'no', '0', 'disabled'],
  ...[
    'blocklisted',
    'unconfirmed',
    'transactional',
    'suspended',
    'spam',
    'not active',
    'unverified',
    'expired',
    'Gold',
  ],
  ...['inactivé', 'actíve', 'nonactive', 'activ', '', 'NULL', '\\N'],
]

test('of every word for a state, only those that mean active come in, by page and by command, with a reason for each row', async () => {
  const words = [...active, ...notActive]
  const cell = (word: string) => (word.includes('"') ? `"${word.replaceAll('"', '""')}"` : word)
  const file = `email,status\n${words.map((word, i) => `p${i}@example.com,${cell(word)}\n`).join('')}`
  const expected = active.map((_, i) => `p${i}@example.com`)
  const { id, path } = await place()
  const here = await bringFile(product, user, path, file)
  const preview = textOf((await user.get(here)).html)
  expect(preview).toContain(
    `${active.length} will be added, 0 already there, ${notActive.length} refused`.replace(' 0 already there,', ''),
  )
  expect(preview).toContain('unsubscribed 1 row')
  expect(preview).toContain('blank 3 rows')
  expect(preview).toContain('1 refused: The status “hard bounce” does not mean active.')
  await pressStart(user, here)
  await doQueued(product)
  expect(await emailsOf(id)).toEqual(expected)
  const results = parse((await user.post(`${here}/results.csv`, { only: 'refused' })).html, { columns: true })
  const reasons = (results as Record<string, string>[]).map(({ reason }) => reason)
  expect(reasons).toHaveLength(notActive.length)
  expect(
    reasons.every((reason) =>
      /^The status (?:“.+” does not mean active|is blank)\.$|^Has not confirmed/.test(reason ?? ''),
    ),
  ).toBe(true)

  const byCommand = await place()
  const onDisk = join(product.services.config.dataDir, 'states.csv')
  writeFileSync(onDisk, file)
  const told: string[] = []
  const counts = await importSubscribers(organisation.ctx, byCommand.id, onDisk, {
    refuse: async ({ reason }) => void told.push(reason),
  })
  expect(counts).toMatchObject({ added: active.length, refused: notActive.length })
  expect(await emailsOf(byCommand.id)).toEqual(expected)
  expect(told).toEqual(reasons)
})

test('a word that is ticked is let in, and no other', async () => {
  const { id, path } = await place()
  const file =
    'email,status\na@example.com,Opted out\nb@example.com,opted_out\nc@example.com,bounced\nd@example.com,pending\ne@example.com,\n'
  const here = await bringFile(product, user, path, file)
  const before = (await user.get(here)).html
  const ticks = [...before.matchAll(/name="include_status" value="([^"]+)"/g)].map(([, word]) => word)
  expect(ticks).toEqual(['optedout', 'bounced', 'pending', 'blank'])
  expect(textOf(before)).toContain('0 will be added, 5 refused')
  const chosen = { ...matchForm(before), include_status: ['optedout', 'blank'] }
  expect((await user.post(here, { ...chosen, step: 'start' })).location).toBe(`${here}?changed=1`)
  const after = (await user.get(here)).html
  expect(textOf(after)).toContain('3 will be added, 2 refused')
  expect(after).toMatch(/value="optedout" checked/)
  expect(after).not.toMatch(/value="bounced" checked/)
  await user.post(here, { ...chosen, step: 'start' })
  await doQueued(product)
  expect(await emailsOf(id)).toEqual(['a@example.com', 'b@example.com', 'e@example.com'])
})

test.each([
  ['unsubscribed', ['false', '', 'no', '0', 'NULL'], ['true', 'yes', '1', 'x', 'since May']],
  ['unsubscribed_at', ['', 'NULL', '\\N'], ['2026-05-01', '2026-05-01 10:00:00+00', 'unknown']],
  ['UNSUB_TIME', [''], ['2026-05-01 10:00:00']],
  ['is_deleted', ['f', 'False'], ['t', 'True']],
  ['Email opt out', ['No'], ['Yes']],
  ['Unsubscribed from all email', ['', 'false'], ['true']],
  ['EMAIL_BLACKLISTED', ['0'], ['1']],
  ['removed_date', ['None'], ['2026-05-01_10-00-00']],
])(
  'a value in a column called %s keeps a row out, also of somebody whose status is active',
  async (name, inside, outside) => {
    const { id, path } = await place()
    const rows = [...inside, ...outside].map((value, i) => `p${i}@example.com,active,${value}\n`)
    const here = await bringFile(product, user, path, `email,status,${name}\n${rows.join('')}`)
    expect(textOf((await user.get(here)).html)).toContain(`${name} ${outside.length} row`)
    await pressStart(user, here)
    await doQueued(product)
    expect(await emailsOf(id)).toEqual(inside.map((_, i) => `p${i}@example.com`))
  },
)

test('such a column stays what it is when it is chosen as the state', async () => {
  const { id, path } = await place()
  const here = await bringFile(product, user, path, 'email,unsubscribed\na@example.com,true\nb@example.com,false\n')
  const form = { ...matchForm((await user.get(here)).html), state: '1' }
  await user.post(here, { ...form, step: 'preview' })
  await user.post(here, { ...form, step: 'start' })
  await doQueued(product)
  expect(await emailsOf(id)).toEqual(['b@example.com'])
})

test('words further down than the page looks stay out as well', async () => {
  const { id, path } = await place()
  const rows = Array.from({ length: 1_200 }, (_, i) => `p${i}@example.com,${i === 1_150 ? 'cleaned' : 'active'}\n`)
  const here = await bringFile(product, user, path, `email,status\n${rows.join('')}`)
  await pressStart(user, here)
  await doQueued(product)
  const { total } = await listSubscribers(organisation.ctx, id, { page: 1, limit: 1, needle: '' })
  expect(total).toBe(1_199)
  const results = (await user.post(`${here}/results.csv`, { only: 'refused' })).html
  expect(results).toContain('1151,refused,The status “cleaned” does not mean active.')
})

test('where the first rows have no state, a blank is no reason to stay out, and a word further down is', async () => {
  const rows = Array.from({ length: 1_200 }, (_, i) => `p${i}@example.com,${i === 1_150 ? 'unsubscribed' : ''}\n`)
  const file = `email,status\n${rows.join('')}`
  const { id, path } = await place()
  const here = await bringFile(product, user, path, file)
  expect(tickedWords((await user.get(here)).html)).toEqual(['blank'])
  await pressStart(user, here)
  await doQueued(product)
  const onDisk = join(product.services.config.dataDir, 'late-states.csv')
  writeFileSync(onDisk, file)
  const byCommand = await place()
  await importSubscribers(organisation.ctx, byCommand.id, onDisk)
  for (const waitlist of [id, byCommand.id])
    expect(await listSubscribers(organisation.ctx, waitlist, { page: 1, limit: 1, needle: '' })).toMatchObject({
      total: 1_199,
    })
})

test('a page is not filled by a file that gives each row a word of its own', async () => {
  const { path } = await place()
  const rows = Array.from({ length: 900 }, (_, i) => `p${i}@example.com,word${i} <b>\n`)
  const here = await bringFile(product, user, path, `email,status\n${rows.join('')}`)
  const { html } = await user.get(here)
  expect(html.match(/name="include_status"/g)).toHaveLength(50)
  expect(textOf(html)).toContain('and 850 other words, whose rows stay out')
  expect(textOf(html)).toContain('and more for other reasons')
  expect(html).not.toContain('<b>')
})
