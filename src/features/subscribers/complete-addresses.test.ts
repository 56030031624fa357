import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asApiKey, asUser } from '../../../test/as.ts'
import { explaining } from '../../../test/explaining.ts'
import {
  makeApiKey,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { textOf } from '../../../test/people.ts'
import { listSubscribers } from './list-subscribers.ts'

/** More than are looked at one by one; the email of each of them contains that of the last subscriber. */
const many = 20_500
const short = ['al@ab.io', 'a@b.cc', 'Zo@Q.Co', '张伟@公司.cn', 'é@ü.de', "o'k@a-b.io"]

let product: TestProduct
let organisation: TestOrganisation
let long: Searched
let stranger: Searched
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product)
  long = await makeList(organisation, many)
  stranger = await makeList(await makeOrganisation(product), 0)
  for (const email of [...short, 'ada@example.com']) await long.add(email)
  for (const email of ['only@st.io', 'of@st.io']) await stranger.add(email)
  await sql`analyze subscribers`.execute(product.database.owner.kysely)
})
afterAll(() => product.close())

type Searched = Awaited<ReturnType<typeof makeList>>

async function makeList(of: TestOrganisation, people: number) {
  const waitlist = await makeWaitlist(of)
  await sql`insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, referral_code)
    select ${of.id}, ${waitlist}, n, n, n || '-ada@example.com', n || '-ada@example.com', 'active', now(), 'x' || n
    from generate_series(1, ${people}::integer) n`.execute(product.database.owner.kysely)
  await sql`update organisation_counters set last_subscriber_id = greatest(last_subscriber_id, ${people}) where organisation_id = ${of.id}`.execute(
    product.database.owner.kysely,
  )
  const api = asApiKey(product, (await makeApiKey(of)).secret)
  const user = await asUser(product, of.owner)
  const [path, base] = [`/waitlists/${waitlist}/subscribers`, `/o/${of.slug}/waitlists/${waitlist}`]
  return {
    waitlist,
    add: async (email: string) => expect((await api.post(path, { email })).status).toBe(201),
    async search(q: string, more = '') {
      const { status, json } = await api.get(`${path}?q=${encodeURIComponent(q)}${more}`)
      return { status, total: json.total, emails: json.items?.map((item: { email: string }) => item.email) }
    },
    show: async (q: string, more = '') => textOf((await user.get(`${base}?q=${encodeURIComponent(q)}${more}`)).html),
    exportOf: async (q: string) => (await user.post(`${base}/export`, { q })).html.split('\r\n').slice(1, -1),
  }
}

/** The spellings of an email that are the same subscriber. */
const spellingsOf = (email: string) => [
  email,
  email.toUpperCase(),
  email.normalize('NFD'),
  `${email.split('@')[0]}@${new URL(`http://${email.split('@')[1]}`).hostname}`,
  ` ${email} `,
]

test.each(short)(
  '%s is found on a long waitlist, through a key and on the dashboard, in every spelling',
  async (email) => {
    for (const spelling of spellingsOf(email)) {
      expect(await long.search(spelling)).toEqual({ status: 200, total: 1, emails: [email] })
      for (const sort of ['joined', 'position', '-referrals']) {
        const page = await long.show(spelling, `&sort=${sort}`)
        expect(page).toContain('1 person found')
        expect(page).toContain(email)
      }
      expect(await long.exportOf(spelling)).toEqual([expect.stringContaining(`,${email},`)])
    }
  },
)

test('a complete email that nobody has is found nowhere, and a part of one is still too short', async () => {
  expect(await long.search('xy@ab.io')).toEqual({ status: 200, total: 0, emails: [] })
  expect(await long.show('xy@ab.io')).toContain('“xy@ab.io” is not on this waitlist.')
  for (const part of ['al@ab', '@ab.io', 'al@ab.', 'b.cc', '张伟@公司']) {
    expect((await long.search(part)).status).toBe(422)
    expect(await long.show(part)).toContain('or for a complete email address')
  }
})

test('a page past the one subscriber is empty, with the true total', async () => {
  expect(await long.search('al@ab.io', '&page=2')).toEqual({ status: 200, total: 1, emails: [] })
  expect(await long.show('al@ab.io', '&page=2')).toContain('This page is past the end')
})

test('a complete email is not lost among 20,500 others that contain it', async () => {
  const page = await long.show('ADA@example.com')
  expect(page).toContain('1 person found')
  expect(page).toMatch(/(?<![-\w])ada@example\.com/)
  expect(await long.exportOf('ada@example.com')).toHaveLength(1)
  // The API has them all, in order of joining.
  const last = await long.search('ada@example.com', `&limit=200&page=${Math.ceil((many + 1) / 200)}`)
  expect(last.total).toBe(many + 1)
  expect(last.emails.at(-1)).toBe('ada@example.com')
  expect(await long.show('da@example.com')).toContain('of about 21,000 people found')
})

test('on a short waitlist, other spellings are found beside the emails that contain the text', async () => {
  const list = await makeList(await makeOrganisation(product), 0)
  for (const email of ['x-ada@xn--bcher-kva.de', 'ada@bücher.de', 'y-ada@xn--bcher-kva.de']) await list.add(email)
  const all = ['x-ada@xn--bcher-kva.de', 'ada@bücher.de', 'y-ada@xn--bcher-kva.de']
  const q = 'ada@xn--bcher-kva.de'
  expect(await list.search(q)).toEqual({ status: 200, total: 3, emails: all })
  for (const [i, email] of all.entries())
    expect(await list.search(q, `&limit=1&page=${i + 1}`)).toEqual({ status: 200, total: 3, emails: [email] })
  const page = await list.show(q)
  expect(page).toContain('3 people found')
  for (const email of all) expect(page).toContain(email)
  expect(await list.exportOf(q)).toHaveLength(3)
  expect(await list.search('bücher.de')).toEqual({ status: 200, total: 1, emails: ['ada@bücher.de'] })
})

test('an email of another waitlist or organisation is not found', async () => {
  const beside = await makeList(organisation, 0)
  for (const email of ['only@st.io', 'of@st.io']) {
    expect(await long.search(email)).toMatchObject({ total: 0 })
    expect(await stranger.search(email)).toMatchObject({ total: 1 })
  }
  expect(await beside.search('al@ab.io')).toMatchObject({ total: 0 })
})

test('a complete email is read through the unique index alone', async () => {
  const explained = explaining(product, organisation.ctx)
  for (const needle of ['al@ab.io', '张伟@公司.CN', 'no@ab.io']) {
    await listSubscribers(explained.ctx, long.waitlist, { page: 1, limit: 50, needle })
    const { text, seqScans, mostRows } = explained.since()
    expect(text).toContain('subscribers_organisation_id_waitlist_id_canonical_email_key')
    expect([seqScans, mostRows]).toEqual([[], expect.toSatisfy((rows: number) => rows <= 10)])
  }
  await explained.close()
})
