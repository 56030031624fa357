import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { doQueued } from '../../../test/bring-file.ts'
import {
  makeOrganisation,
  makeProduct,
  makeWaitlist,
  type TestOrganisation,
  type TestProduct,
} from '../../../test/make.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import { parseEmailAddress } from '../subscribers/email-address.ts'
import { exportSubscribers } from '../subscribers/export-subscribers.ts'
import { getImport } from './get-import.ts'
import { startImport } from './start-import.ts'
import { uploadImport } from './upload-import.ts'

let product: TestProduct
let organisation: TestOrganisation
beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
})
afterAll(() => product?.close())

/** What a local part may begin with, formulas and quotes of a spreadsheet above all. */
const local = fc.string({
  unit: fc.constantFrom(...("ab=+-'Zé🎉{}|^`*/＝＋－".match(/./gu) ?? [])),
  minLength: 1,
  maxLength: 8,
})
const domain = fc.constantFrom('example.com', 'EXAMPLE.com', 'müller.example', 'xn--mller-kva.example')
const email = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(local, domain).map(([name, at]) => `${name}@${at}`) },
  { weight: 1, arbitrary: fc.constantFrom('', 'nobody', '=1+1', '@', 'a b@example.com', ' padded@example.com ') },
)
const joinedAt = fc.oneof(
  fc.constantFrom(
    '',
    '2026-05-01',
    '2026-05-01 09:30',
    '2026-05-01T09:30:15+02:00',
    'yesterday',
    '2999-01-01',
    '30/02/2026',
  ),
  fc
    .date({ min: new Date('1970-01-01'), max: new Date('2026-01-01'), noInvalidDate: true })
    .map((date) => `${date.toISOString().slice(0, 19)}Z`),
)
const note = fc.oneof(
  // All of Unicode but NUL, of which a file may hold a few only.
  fc.string({ unit: 'binary' }).map((text) => text.toWellFormed().replaceAll('\0', '')),
  fc.string({ unit: fc.constantFrom(...'"\',;\t\r\n=+-@ '.split(''), '🎉') }),
)
const file = fc.record({
  // Also of a header alone, and one that names two columns the same.
  header: fc.constantFrom(
    ['Note', 'E-Mail', 'Joined at', 'Other, "note"'],
    ['Note', 'E-Mail', 'Joined at', 'Note'],
    ['', 'E-Mail', 'Joined at', 'E-Mail'],
  ),
  rows: fc.array(fc.tuple(note, email, joinedAt, note), { maxLength: 25 }),
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  // That of old Macs as well.
  record_delimiter: fc.constantFrom('\n', '\r\n', '\r'),
  quoted: fc.boolean(),
  /** With a line break at its end, and empty lines after that, or without any. */
  eof: fc.boolean(),
  emptyLines: fc.nat(2),
  encoding: fc.constantFrom('UTF-8', 'UTF-8 with a mark', 'UTF-16 LE', 'UTF-16 BE'),
  /** Above the names of the columns. */
  lead: fc.constantFrom('', '', 'sep=', 'Our list', 'Our list, by "us"'),
})

function encode(text: string, encoding: string): Buffer {
  if (encoding === 'UTF-8') return Buffer.from(text)
  if (encoding === 'UTF-8 with a mark') return Buffer.from(`\ufeff${text}`)
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return encoding === 'UTF-16 BE' ? bytes.swap16() : bytes
}

async function importInto(waitlist: string, content: string | Buffer) {
  const bytes = (async function* () {
    yield Buffer.from(content)
  })()
  const id = await uploadImport(organisation.ctx, waitlist, { name: 'f.csv', bytes }, newFormNonce())
  await startImport(organisation.ctx, waitlist, id)
  await doQueued(product)
  const { state, added, already_there, refused } = await getImport(organisation.ctx, waitlist, id)
  expect(state).toBe('done')
  return { added, already_there, refused }
}

async function exportOf(waitlist: string): Promise<string> {
  let text = ''
  for await (const piece of (await exportSubscribers(organisation.ctx, waitlist)).csv) text += piece
  return text
}

const rowsOf = (text: string) => parse(text, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[]
const isTime = (text: string) => /^$|^\d{4}-\d\d-\d\d/.test(text) && !text.startsWith('2999')

test('import, export and import again change nothing and lose nothing, whatever file it was', async () => {
  await fc.assert(
    fc.asyncProperty(file, async ({ header, rows, encoding, emptyLines, lead, ...how }) => {
      organisation = await makeOrganisation(product, 'team')
      const [first, second] = [await makeWaitlist(organisation), await makeWaitlist(organisation)]
      const above = lead === 'sep=' ? lead + how.delimiter : lead && stringify([[lead]], { ...how, eof: false })
      const table = stringify([header, ...rows], { ...how, quoted_match: /[\r\n]/, escape_formulas: false })
      const text = above + (above && how.record_delimiter) + table
      const content = encode(how.eof ? text + how.record_delimiter.repeat(emptyLines) : text, encoding)
      const expected = new Map<string, string>()
      let bad = 0
      for (const [, typed, time] of rows) {
        // Nobody guarded this file: a quote before a formula is the file's own, and is taken for a guard.
        const address = parseEmailAddress(/^'+[=+\-@＝＋－]/.test(typed) ? typed.slice(1) : typed)
        if (!address || !isTime(time)) bad += 1
        else if (!expected.has(address.canonical)) expected.set(address.canonical, address.email)
      }
      expect(await importInto(first, content)).toEqual({
        added: expected.size,
        already_there: rows.length - bad - expected.size,
        refused: bad,
      })
      const exported = await exportOf(first)
      const unguarded = rowsOf(exported).map((row) => (row.email ?? '').replace(/^'('*[=+\-@＝＋－])/, '$1'))
      expect(unguarded).toEqual([...expected.values()])

      // Onto the same waitlist: nothing changes.
      expect(await importInto(first, exported)).toEqual({ added: 0, already_there: expected.size, refused: 0 })
      expect(await exportOf(first)).toBe(exported)

      // Onto an empty one: the same people, times and places.
      expect(await importInto(second, exported)).toEqual({ added: expected.size, already_there: 0, refused: 0 })
      const told = (text: string) =>
        rowsOf(text).map(({ email, joined_at, state, position }) => [email, joined_at, state, position])
      expect(told(await exportOf(second))).toEqual(told(exported))
    }),
    { numRuns: 40 },
  )
}, 120_000)

test('who referred whom, and so the places, come along to another waitlist', async () => {
  // To somebody before, behind, themselves or nobody; several rows may carry one code, in capitals or not.
  const people = fc.array(fc.record({ to: fc.option(fc.nat(30)), code: fc.nat(30), small: fc.boolean() }), {
    minLength: 1,
    maxLength: 25,
  })
  await fc.assert(
    fc.asyncProperty(people, async (rows) => {
      organisation = await makeOrganisation(product, 'team')
      const [first, second] = [await makeWaitlist(organisation), await makeWaitlist(organisation)]
      const text = rows.map(({ to, code, small }, i) => {
        const referrer = to === null ? '' : `${small ? 'code' : 'CODE'}-${to}`
        return `p${i}@example.com,Code-${code},${referrer}\n`
      })
      expect(await importInto(first, `email,referral code,referred by\n${text.join('')}`)).toMatchObject({
        added: rows.length,
      })
      const referrerOf = rows.map(({ to }, i) => {
        const before = rows.slice(0, i).findIndex(({ code }) => code === to)
        return before < 0 ? '' : `p${before}@example.com`
      })
      const told = (text: string) => {
        const exported = rowsOf(text)
        const emails = new Map(exported.map(({ referral_code, email }) => [referral_code, email]))
        return exported.map(({ email, joined_at, state, position, referral_count, referred_by }) => {
          const referrer = referred_by ? emails.get(referred_by) : ''
          return { email, joined_at, state, position, referral_count, referrer }
        })
      }
      const exported = await exportOf(first)
      expect(told(exported).map(({ referrer }) => referrer)).toEqual(referrerOf)
      expect(await importInto(second, exported)).toEqual({ added: rows.length, already_there: 0, refused: 0 })
      expect(told(await exportOf(second))).toEqual(told(exported))
    }),
    { numRuns: 25 },
  )
}, 120_000)
