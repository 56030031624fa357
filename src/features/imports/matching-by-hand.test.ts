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

/** A file that was uploaded, and what becomes of it. */
async function bring(content: string) {
  const id = await makeWaitlist(organisation)
  const here = await bringFile(product, user, `/o/${organisation.slug}/waitlists/${id}`, content)
  const page = async () => (await user.get(here)).html
  return {
    here,
    page,
    choose: async (chosen: Record<string, string>) => {
      const html = await page()
      return user.post(here, { ...matchForm(html), include_status: tickedWords(html), ...chosen, step: 'preview' })
    },
    start: async () => {
      await pressStart(user, here)
      await doQueued(product)
      const { items } = await listSubscribers(organisation.ctx, id, { page: 1, limit: 200, needle: '' })
      return items.map(({ email, joined_at }) => [email, joined_at])
    },
  }
}

const question = 'The file doesn’t tell whether the day or the month comes first.'

test('times that can be read in two ways are asked about, and refused until somebody has said', async () => {
  const file = 'Timestamp,Email\n3/4/2026 10:00:00,a@example.com\n5/6/2026 10:00:00,b@example.com\n,c@example.com\n'
  const { page, choose, start } = await bring(file)
  expect(textOf(await page())).toContain(question)
  expect(textOf(await page())).toContain('1 will be added, 2 refused')
  expect(textOf(await page())).toContain('can be read as day/month and as month/day. Choose which it is.')
  await choose({ date_order: 'day' })
  expect(textOf(await page())).not.toContain(question)
  expect(textOf(await page())).toContain('3 will be added')
  expect(await start()).toMatchObject([
    ['a@example.com', '2026-04-03T10:00:00Z'],
    ['b@example.com', '2026-06-05T10:00:00Z'],
    ['c@example.com', expect.any(String)],
  ])
})

test.each([
  ['month', '1/31/2026 13:45:00', '2026-03-04T10:00:00Z'],
  ['day', '31/1/2026 13:45:00', '2026-04-03T10:00:00Z'],
  ['day', '31.1.2026 13:45:00', '2026-04-03T10:00:00Z'],
])('one value anywhere in the file that has the %s first decides for all: %s', async (order, telling, first) => {
  const separator = telling.includes('.') ? '.' : '/'
  const rows = Array.from({ length: 7_000 }, (_, i) => `p${i}@example.com,3/4/2026 10:00:00,${'x'.repeat(60)}\n`)
  const text = `email,joined at,note\n${rows.join('')}last@example.com,${telling},\n`.replaceAll(
    '3/4/',
    `3${separator}4${separator}`,
  )
  const { page, start } = await bring(text)
  expect(await page()).toMatch(new RegExp(`name="date_order" value="${order}" checked`))
  expect((await start()).slice(0, 2)).toEqual([
    ['p0@example.com', first],
    ['p1@example.com', first],
  ])
})

test('times that begin further down decide as well, of a column that was guessed or chosen', async () => {
  const rows = Array.from(
    { length: 300 },
    (_, i) => `p${i}@example.com,${i < 150 ? '' : '3/4/2026'},${i < 150 ? '' : '5/6/2026'}\n`,
  )
  const { page, choose, start } = await bring(
    `email,joined at,other\n${rows.join('')}z@example.com,31/1/2026,1/31/2026\n`,
  )
  expect(await page()).toMatch(/value="day" checked/)
  await choose({ joined_at: '2' })
  expect(await page()).toMatch(/value="month" checked/)
  await choose({ joined_at: '1' })
  expect((await start())[150]).toEqual(['p150@example.com', '2026-04-03T00:00:00Z'])
})

test('two values that contradict each other decide nothing, and what does not fit the order that is chosen is refused', async () => {
  const { page, choose, start } = await bring(
    'email,date\na@example.com,3/4/2026\nb@example.com,31/1/2026\nc@example.com,1/31/2026\nd@example.com,2026-05-01\n',
  )
  expect(textOf(await page())).toContain(question)
  expect(textOf(await page())).toContain('1 will be added, 3 refused')
  await choose({ date_order: 'month' })
  expect(textOf(await page())).toContain('1 refused: The time of joining is not one')
  expect(await start()).toEqual([
    ['a@example.com', '2026-03-04T00:00:00Z'],
    ['c@example.com', '2026-01-31T00:00:00Z'],
    ['d@example.com', '2026-05-01T00:00:00Z'],
  ])
})

test('another column of times has its own order, and so has another delimiter', async () => {
  const { page, choose } = await bring(
    'email;joined at;other time\na@example.com;31/1/2026;1/31/2026\nb@example.com;3/4/2026;3/4/2026\n',
  )
  expect(await page()).toMatch(/value="day" checked/)
  await choose({ joined_at: '2' })
  expect(await page()).toMatch(/value="month" checked/)
  await choose({ delimiter: ',' })
  expect(await page()).not.toContain('date_order')
  await choose({ delimiter: ';' })
  expect(await page()).toMatch(/value="day" checked/)
  expect((await choose({ date_order: 'year' })).status).toBe(422)
})

test('rows above the names are left out, found or chosen, and the results count from the first below', async () => {
  const { here, page, choose, start } = await bring(
    'sep=;\nOur list;;\nemail;joined at;x\nbad;;\na@example.com;2026-05-01;1\n',
  )
  expect(await page()).toMatch(/name="lead_rows"[^>]* value="2"/)
  expect(matchForm(await page())).toMatchObject({ delimiter: ';', has_header: 'on', email: '0', joined_at: '1' })
  expect((await choose({ lead_rows: 'two' })).status).toBe(422)
  await choose({ lead_rows: '3' })
  expect(textOf(await page())).toContain('Of the 1 row of the file: 1 will be added.')
  await choose({ lead_rows: '2' })
  expect(await start()).toEqual([['a@example.com', '2026-05-01T00:00:00Z']])
  const results = (await user.post(`${here}/results.csv`)).html.trim().split('\r\n')
  expect(results.slice(0, 3)).toEqual([
    'row,result,reason,email,joined at,x',
    '1,refused,This is not an e-mail address.,bad,,',
    '2,added,,a@example.com,2026-05-01,1',
  ])
})

test('every one of 250 columns can be chosen, and of more than a thousand those that were guessed', async () => {
  const names = Array.from({ length: 1_500 }, (_, i) => (i === 1_400 ? 'email' : `c${i}`))
  const { page } = await bring(
    `${names.join(',')}\n${names.map((name) => (name === 'email' ? 'a@example.com' : '')).join(',')}\n`,
  )
  expect(matchForm(await page())).toMatchObject({ email: '1400' })
  const {
    page: narrower,
    choose,
    start,
  } = await bring(
    `${names.slice(1_201, 1_451).join(',')}\n${names
      .slice(1_201, 1_451)
      .map((_, i) => (i >= 199 ? `p${i}@example.com` : ''))
      .join(',')}\n`,
  )
  expect((await narrower()).match(/<select[^>]* name="email".*?<\/select>/s)?.[0].match(/<option/g)).toHaveLength(251)
  await choose({ email: '249' })
  expect((await start()).map(([email]) => email)).toEqual(['p249@example.com'])
})

test('the page offers an example file, which is imported without a choice', async () => {
  const path = `/o/${organisation.slug}/waitlists/${await makeWaitlist(organisation)}`
  const link = /href="([^"]+)" download/.exec((await user.get(`${path}/import`)).html)?.[1] ?? ''
  const example = await user.get(link)
  expect([example.status, example.headers.get('content-type')]).toEqual([
    200,
    'text/csv; charset=utf-8; header=present',
  ])
  expect(example.headers.get('content-disposition')).toContain('attachment')
  const { here, page, start } = await bring(example.html)
  expect(textOf(await page())).toContain('2 will be added, 1 refused')
  expect(await start()).toEqual([
    ['ada@example.com', '2026-05-01T09:00:00Z'],
    ['grace@example.com', '2026-05-02T10:30:00Z'],
  ])
  expect(textOf((await user.get(here)).html)).toContain('Added 2')
})
