import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asUser } from '../../../test/as.ts'
import { bringFile, doQueued, matchForm, pressStart, sendFile } from '../../../test/bring-file.ts'
import {
  makeMember,
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { log, textOf } from '../../../test/people.ts'
import { changeRole } from '../organisations/members.ts'
import { addSubscriber } from '../subscribers/add-subscriber.ts'
import { listSubscribers } from '../subscribers/list-subscribers.ts'
import { exportResults } from './export-results.ts'

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
const people = async (id: string) =>
  (await listSubscribers(organisation.ctx, id, { page: 1, limit: 200, needle: '' })).items
const imported = async (id: string) =>
  (await log(product, `/o/${organisation.slug}`)).filter(
    ({ action, targets }) => action === 'subscriber.imported' && JSON.stringify(targets).includes(id),
  )
const rowsOf = (text: string) => parse(text, { columns: true }) as Record<string, string>[]

describe('a file', () => {
  const file =
    '\ufeffE-Mail;Name;Signed up;Note\r\nada@example.com;Ada;2026-05-01;"says ""hi""\r\nand more"\r\nADA@example.com;;;\r\nnobody;;;\r\n;empty;;\r\n"\'=cmd@example.com";;2026-05-01 10:30:00+02:00;=1+1\r\nlate@example.com;;2999-01-01;\r\nodd@example.com;;05/01/2026;\r\nold@example.com;;;'

  test('is looked at first, then imported, then answered row by row, and is one row of the log', async () => {
    const { id, path } = await place()
    await addSubscriber(organisation.ctx, id, { email: 'old@example.com' })
    const here = await bringFile(product, user, path, file, 'C:\\lists\\spring <b>.csv')
    const page = await user.get(here)
    const text = textOf(page.html)
    expect(text).toContain('spring <b>.csv')
    expect(text).toContain('Of the 8 rows of the file: 2 will be added, 2 already there, 4 refused.')
    expect(text).toContain('1 refused: The time of joining lies in the future.')
    expect(matchForm(page.html)).toEqual({
      delimiter: ';',
      has_header: 'on',
      email: '0',
      joined_at: '2',
      referred_by: '',
      referral_code: '',
      state: '',
    })
    expect(await people(id)).toHaveLength(1)

    await pressStart(user, here)
    expect(textOf((await user.get(here)).html)).toContain('0 of about 9 rows (0%)')
    expect((await user.post(`${here}/results.csv`)).status).toBe(409)
    await doQueued(product)
    expect((await people(id)).map(({ email, joined_at }) => [email, joined_at]).slice(1)).toEqual([
      ['ada@example.com', '2026-05-01T00:00:00Z'],
      ['=cmd@example.com', '2026-05-01T08:30:00Z'],
    ])
    const over = textOf((await user.get(here)).html)
    expect(over).toContain('The import is done.')
    expect(over).toContain('Added 2 Already there 2 Refused 4')
    expect(await imported(id)).toMatchObject([
      { actor_name: organisation.owner.email, changes: { after: { added: 2, already_there: 2, refused: 4 } } },
    ])

    const results = await user.post(`${here}/results.csv`)
    expect(results.headers.get('content-disposition')).toBe('attachment; filename="spring-b-results.csv"')
    const rows = rowsOf(results.html)
    expect(rows.map((row) => [row.row, row.result, row['E-Mail']])).toEqual([
      ['1', 'added', 'ada@example.com'],
      ['2', 'already there', 'ADA@example.com'],
      ['3', 'refused', 'nobody'],
      ['4', 'refused', ''],
      ['5', 'added', "'=cmd@example.com"],
      ['6', 'refused', 'late@example.com'],
      ['7', 'refused', 'odd@example.com'],
      ['8', 'already there', 'old@example.com'],
    ])
    expect(rows[0]?.Note).toBe('says "hi"\r\nand more')
    expect(rows[4]?.Note).toBe("'=1+1")
    expect(rows[2]?.reason).toBe('This is not an e-mail address.')
    const refused = rowsOf((await user.post(`${here}/results.csv`, { only: 'refused' })).html)
    expect(refused.map(({ row }) => row)).toEqual(['3', '4', '6', '7'])
    // Both hold addresses: each download is a row, which a link that is fetched beforehand writes not.
    expect((await user.get(`${here}/results.csv`)).status).toBe(404)
    const exported = (await log(product, `/o/${organisation.slug}`)).filter(
      ({ action }) => action === 'subscriber.exported',
    )
    expect(exported.slice(-2)).toMatchObject([
      { targets: [{ type: 'waitlist', id }], changes: { after: { import: here.split('/').at(-1), rows: 'all' } } },
      { targets: [{ type: 'waitlist', id }], changes: { after: { rows: 'refused' } } },
    ])
  })

  test('imported twice, or pressed twice, adds nobody twice and leaves one row of the log', async () => {
    const { id, path } = await place()
    const here = await bringFile(product, user, path, file)
    const form = { ...matchForm((await user.get(here)).html), step: 'start' }
    const presses = await Promise.all([user.post(here, form), user.post(here, form)])
    expect(presses.map(({ location }) => location)).toEqual([here, here])
    await Promise.all([doQueued(product), doQueued(product)])
    await pressStart(user, await bringFile(product, user, path, file))
    await doQueued(product)
    expect(await people(id)).toHaveLength(3)
    expect(await imported(id)).toHaveLength(1)
    expect(textOf((await user.get(`${path}/import`)).html)).toMatch(/people\.csv Done .* 0 4 people\.csv Done .* 3 4/)
  })

  test('gives back rows that are no CSV as they were, in a table that a strict reader takes', async () => {
    const { path } = await place()
    const here = await bringFile(
      product,
      user,
      path,
      'email,note\nshort@example.com\n"open@example.com,é\nlast@example.com,1\n',
    )
    await pressStart(user, here)
    await doQueued(product)
    const rows = rowsOf((await user.post(`${here}/results.csv`)).html)
    expect(rows.map(({ result, email, note }) => [result, email, note])).toEqual([
      ['added', 'short@example.com', ''],
      ['refused', '"open@example.com,é', ''],
      ['added', 'last@example.com', '1'],
    ])
  })

  test.each(['their role', 'the file'])('whose results are on their way goes no further without %s', async (lost) => {
    const { path } = await place()
    const person = await makeMember(product, organisation, 'admin')
    const rows = Array.from({ length: 400 }, (_, i) => `p${i}@example.com,${'x'.repeat(400)}\n`)
    const here = await bringFile(product, user, path, `email,note\n${rows.join('')}`)
    await pressStart(user, here)
    await doQueued(product)
    const [, waitlist = '', id = ''] = /waitlists\/([^/]+)\/import\/(.+)/.exec(here) ?? []
    const actor = { type: 'user', id: person.id, name: person.email, role: 'admin' } as const
    const { csv } = await exportResults({ ...organisation.ctx, actor }, waitlist, id, { onlyRefused: false })
    expect((await csv.next()).value).toContain('p0@example.com')
    if (lost === 'their role') await changeRole(organisation.ctx, person.id, 'member')
    else
      await product.database.owner.kysely
        .updateTable('imports')
        .set({ file_deleted_at: new Date() })
        .where('id', '=', id)
        .execute()
    await expect(csv.next()).rejects.toMatchObject({ code: lost === 'the file' ? 'not_found' : 'forbidden' })
  })

  test('that is sent twice by one form is one import', async () => {
    const { path } = await place()
    const action = `${path}/import?form_nonce=${'n'.repeat(22)}`
    const [one, two] = [await sendFile(product, user, action, file), await sendFile(product, user, action, file)]
    expect([one.status, two.location]).toEqual([303, one.location])
  })

  test('has its columns chosen by a person, and is looked at again when they differ from what was shown', async () => {
    const { id, path } = await place()
    const here = await bringFile(
      product,
      user,
      path,
      'a@example.com,b@example.com,K7M9PX\nc@example.com,d@example.com,\n',
    )
    const before = (await user.get(here)).html
    expect(matchForm(before)).toMatchObject({ email: '0' })
    expect(textOf(before)).toContain('2 will be added')
    const chosen = { ...matchForm(before), email: '1', referred_by: '2' }
    const first = await user.post(here, { ...chosen, step: 'start' })
    expect(first.location).toBe(`${here}?changed=1`)
    expect(textOf((await user.get(first.location ?? '')).html)).toContain('The columns have changed')
    await user.post(here, { ...chosen, step: 'start' })
    await doQueued(product)
    expect((await people(id)).map(({ email }) => email)).toEqual(['b@example.com', 'd@example.com'])

    const other = await bringFile(product, user, path, 'x\ty\n1\t2\n')
    const refused = await user.post(other, { ...matchForm((await user.get(other)).html), step: 'start' })
    expect(refused.status).toBe(422)
    expect(refused.html).toContain('Choose the column that holds the e-mail addresses.')
    expect((await user.post(other, { ...matchForm(before), email: 'x' })).status).toBe(422)
  })

  test('names who referred whom, and leaves out who has not confirmed', async () => {
    const { id, path } = await place()
    const { subscriber } = await addSubscriber(organisation.ctx, id, { email: 'first@example.com' })
    const text = `email,referred_by,state\nx@example.com,${subscriber.referral_code.toLowerCase()},active\ny@example.com,NOBODY,Pending\n`
    await pressStart(user, await bringFile(product, user, path, text))
    await doQueued(product)
    expect((await people(id)).map(({ email, referral_count }) => [email, referral_count])).toEqual([
      ['first@example.com', 1],
      ['x@example.com', 0],
    ])
  })

  test.each([
    ['UTF-16', Buffer.from('\ufeffemail\tname\r\njörg@müller.example\tJörg\r\n', 'utf16le'), 'jörg@müller.example'],
    ['Latin-1', Buffer.from('email;name\njos\u00e9@example.com;Jos\u00e9\n', 'latin1'), 'josé@example.com'],
    ['old Mac', Buffer.from('email\rada@example.com\r'), 'ada@example.com'],
  ])('in %s is read as what it says', async (_, bytes, email) => {
    const { id, path } = await place()
    await pressStart(user, await bringFile(product, user, path, bytes))
    await doQueued(product)
    expect((await people(id)).map((person) => person.email)).toEqual([email])
  })
})
