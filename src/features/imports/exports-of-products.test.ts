import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, matchForm, pressStart } from '../../../test/bring-file.ts'
import {
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
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

const file = (name: string) => fileURLToPath(new URL(`../../../test/exports/${name}.csv`, import.meta.url))

const maya = ['maya@example.com', '2026-04-10T18:34:28Z', 1]
const noor = ['noor@example.com', '2026-04-11T09:02:11Z', 0]

/**
 * What is known of each header, and from where. Values are made up in each product's way of writing them.
 * - GetWaitlist: names and forms of values are those of the signup object in its API and webhook documentation.
 * - Waitlister: names and values are those of “List subscribers” in its API documentation, its status words its help’s.
 * - Prefinery: names are those of testers in its API documentation, its status words its help’s; who referred is a code or an email.
 * - LaunchList: names are those of its webhook’s payload; `referred_by` and `created_at` are assumed.
 * - Mailchimp: the header of exported audiences that are public; `Status` and `UNSUB_TIME` occur in exports of segments.
 * - Typeform: the columns around the questions are those of exports that are public.
 * - Google Forms: `Timestamp` is the first column of every linked sheet, and `Email Address` that of collected addresses.
 */
test.each([
  [
    'getwaitlist',
    {
      email: 'email',
      joined_at: 'created_at',
      referred_by: 'referred_by_signup_token',
      referral_code: 'referral_token',
      state: 'verified',
    },
    [maya, noor],
    {
      'ivy@example.com': 'The status “false” does not mean active.',
      'gone@example.com': 'The status “removed_date” does not mean active.',
    },
  ],
  [
    'waitlister',
    {
      email: 'email',
      joined_at: 'joined_at',
      referred_by: 'referred_by',
      referral_code: 'referral_code',
      state: 'deliverability',
    },
    [maya, noor],
    {
      'ivy@example.com': 'The status “undeliverable” does not mean active.',
      'gone@example.com': 'The status “unsubscribed” does not mean active.',
    },
  ],
  [
    'prefinery',
    {
      email: 'email',
      joined_at: 'applied_at',
      referred_by: 'referred_by',
      referral_code: 'referral_code',
      state: 'status',
    },
    [maya, noor],
    {
      'ivy@example.com': 'Has not confirmed yet, the file says.',
      'gone@example.com': 'The status “suspended” does not mean active.',
      'left@example.com': 'The status “unsubscribed_at” does not mean active.',
    },
  ],
  [
    'launchlist',
    {
      email: 'email',
      joined_at: 'created_at',
      referred_by: 'referred_by',
      referral_code: 'referral_code',
      state: 'is_email_verified',
    },
    [maya, noor],
    { 'ivy@example.com': 'The status is blank.', 'gone@example.com': 'The status “is_spam” does not mean active.' },
  ],
  [
    'mailchimp',
    { email: 'Email Address', joined_at: 'CONFIRM_TIME', state: 'Status' },
    [[...maya.slice(0, 2), 0], noor],
    {
      'ivy@example.com': 'The status “cleaned” does not mean active.',
      'gone@example.com': 'The status “UNSUB_TIME” does not mean active.',
    },
  ],
  [
    'typeform',
    { email: "What's your email?", joined_at: 'Submit Date (UTC)', state: 'Response Type' },
    [[...maya.slice(0, 2), 0], noor],
    { 'ivy@example.com': 'The status “partial” does not mean active.' },
  ],
  [
    'google-forms',
    { email: 'Email Address', joined_at: 'Timestamp' },
    // 4/13 tells that the month comes first in all of them.
    [
      ['maya@example.com', '2026-04-05T18:34:28Z', 0],
      ['noor@example.com', '2026-04-06T09:02:11Z', 0],
      ['ivy@example.com', '2026-04-13T10:00:00Z', 0],
    ],
    {},
  ],
])('an export of %s is matched by itself, and takes in who is active', async (name, columns, people, refused) => {
  const id = await makeWaitlist(organisation)
  const content = readFileSync(file(name))
  const here = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, content, `${name}.csv`)
  const header = (parse(content)[0] ?? []) as string[]
  const matched = matchForm((await user.get(here)).html)
  const nameOf = (column: string) => (matched[column] ? header[Number(matched[column])] : undefined)
  const fields = ['email', 'joined_at', 'referred_by', 'referral_code', 'state']
  expect(Object.fromEntries(fields.map((field) => [field, nameOf(field)]))).toEqual({
    ...Object.fromEntries(fields.map((field) => [field, undefined])),
    ...columns,
  })
  await pressStart(user, here)
  await doQueued(product)
  const { items } = await listSubscribers(organisation.ctx, id, { page: 1, limit: 200, needle: '' })
  expect(items.map(({ email, joined_at, referral_count }) => [email, joined_at, referral_count])).toEqual(people)
  const results = parse((await user.post(`${here}/results.csv`, { only: 'refused' })).html, { columns: true })
  const reasons = (results as Record<string, string>[]).map((row) => [row[columns.email], row.reason])
  expect(Object.fromEntries(reasons)).toEqual(refused)

  // The command reads the same file alike.
  const byCommand = await makeWaitlist(organisation)
  const told: string[] = []
  await importSubscribers(organisation.ctx, byCommand, file(name), {
    refuse: async ({ reason }) => void told.push(reason),
  })
  const added = await listSubscribers(organisation.ctx, byCommand, { page: 1, limit: 200, needle: '' })
  expect(added.items.map(({ email, joined_at, referral_count }) => [email, joined_at, referral_count])).toEqual(people)
  expect(told).toEqual(reasons.map(([, reason]) => reason))
})
