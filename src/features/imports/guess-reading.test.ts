import { expect, test } from 'vitest'
import { decideRow } from './decide-row.ts'
import { guessReading } from './guess-reading.ts'
import { parseImportedTime } from './imported-time.ts'

const guess = (text: string) => {
  const { encoding: _, ...reading } = guessReading(Buffer.from(text), 'utf-8')
  return reading
}
const none = { joined_at: null, referred_by: null, referral_code: null, state: null }

test.each([
  [
    'our own export',
    'id,email,joined_at,state,position,referral_code,referral_count,referred_by,status_link\r\n1,a@example.com,2026-05-01T00:00:00Z,active,1,K7M9PX,0,,\r\n',
    { ...none, email: 1, joined_at: 2, state: 3, referral_code: 5, referred_by: 7 },
  ],
  [
    'names in other words',
    'First name,E-Mail Address,Created At\nAda,a@example.com,2026\n',
    { ...none, email: 1, joined_at: 2 },
  ],
  ['a name alone', 'email', { ...none, email: 0 }],
  [
    'several columns of addresses',
    'referrer_email,Email,Referred By\nx@example.com,a@example.com,K7M9PX\n',
    { ...none, email: 1, referred_by: 2 },
  ],
  ['a name that lies', 'email,contact\nyes,a@example.com\nno,b@example.com\n', { ...none, email: 1 }],
  ['names that say nothing', 'a,b\n1,x@example.com\n', { ...none, email: 1 }],
  ['nothing of use', 'a,b\n1,2\n', { ...none, email: null }],
])('columns are found by %s', (_, text, columns) => {
  expect(guess(text)).toEqual({ delimiter: ',', has_header: true, ...columns })
})

test.each([
  ['one address a line', 'a@example.com\nb@example.com\n', { delimiter: ',', email: 0 }],
  ['no last line break', 'x;a@example.com', { delimiter: ';', email: 1 }],
  ['a guarded formula', "'=a@example.com,1\n", { delimiter: ',', email: 0 }],
])('a file without names: %s', (_, text, found) => {
  expect(guess(text)).toEqual({ has_header: false, ...none, ...found })
})

test.each([
  [';', 'email;note\na@example.com;"1,2,3"\nb@example.com;4,5\n'],
  ['\t', 'email\tnote\na@example.com\ta,b;c\n'],
  ['|', 'email|note\na@example.com|a,b\nb@example.com|c\n'],
])('cells are separated by %j', (delimiter, text) => {
  expect(guess(text)).toMatchObject({ delimiter, email: 0 })
})

test.each([
  ['2026-05-01', '2026-05-01T00:00:00.000Z'],
  ['2026-05-01 09:30', '2026-05-01T09:30:00.000Z'],
  ['2026-05-01 09:30:15 UTC', '2026-05-01T09:30:15.000Z'],
  ['2026-05-01T09:30:15.25+0200', '2026-05-01T07:30:15.000Z'],
  ['2026-05-01t09:30:15z', '2026-05-01T09:30:15.000Z'],
])('%s is a time', (text, iso) => {
  expect(parseImportedTime(text)?.toISOString()).toBe(iso)
})

test.each(['05/01/2026', '1.5.2026', '2026-02-30', '170000000', '2026', 'yesterday', '2026-05-01 25:00'])(
  '%s is none',
  (text) => {
    expect(parseImportedTime(text)).toBeUndefined()
  },
)

test('a clock that is a little ahead means now', () => {
  const now = new Date('2026-05-01T00:00:00Z')
  const decide = (time: string) =>
    decideRow(
      { start: 0, end: 1, cells: ['a@example.com', time], broken: false },
      { ...none, has_header: false, email: 0, joined_at: 1 },
      now,
    )
  expect(decide('2026-05-01T00:04:00Z')).toMatchObject({ joinedAt: now })
  expect(decide('2026-05-01T00:06:00Z')).toBe('f')
})
