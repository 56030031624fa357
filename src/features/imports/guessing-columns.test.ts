import { expect, test } from 'vitest'
import { decideRow, reasonOf } from './decide-row.ts'
import { guessReading } from './guess-reading.ts'
import type { ImportReading } from './import.ts'

const now = new Date('2026-11-01T00:00:00Z')
const guess = (text: string) => guessReading(Buffer.from(text), 'utf-8')
/** What a guess makes of a row. */
function decide(reading: ImportReading, ...cells: string[]) {
  const record = { start: 0, end: 1, cells, broken: false }
  const decided = decideRow(record, reading, now)
  return typeof decided === 'string' ? reasonOf(decided, record, reading) : decided
}

test.each([
  ['sep=;', 'sep=;\r\nemail;joined_at\r\na@example.com;2026-05-01\r\n', { lead_rows: 1, delimiter: ';' }],
  ['a quoted sep=', '"sep=;"\nemail;joined_at\na@example.com;2026-05-01\n', { lead_rows: 1, delimiter: ';' }],
  ['sep= with a tab', 'sep=\t\nemail\tjoined_at\na@example.com\t2026-05-01\n', { lead_rows: 1, delimiter: '\t' }],
  ['sep= that names a rare choice', 'sep=|\nemail|joined_at\na@example.com|a;b,c\n', { lead_rows: 1, delimiter: '|' }],
  ['a title', 'Waitlist export\nemail,joined_at\na@example.com,2026-05-01\n', { lead_rows: 1 }],
  [
    'titles and an empty line',
    'Our waitlist\nMay 2026\n\nemail,joined_at\na@example.com,2026-05-01\n',
    { lead_rows: 2 },
  ],
  [
    'titles as wide as the table',
    'Our waitlist,,\n,,\nEmail,Joined at,Note\na@example.com,2026-05-01,x\n',
    { lead_rows: 2, joined_at: 1 },
  ],
  [
    'a title with an address',
    'Exported by boss@example.com\nboss@example.com\nemail,joined_at\na@example.com,2026-05-01\n',
    { lead_rows: 2 },
  ],
  ['a title above one column', 'Our waitlist\nemail\na@example.com\n', { lead_rows: 1, joined_at: null }],
  [
    'a title above names that say nothing',
    'Our list,,\nWho,Where\nAda,a@example.com\n',
    { lead_rows: 1, email: 1, joined_at: null },
  ],
  ['sep= without names', 'sep=;\na@example.com;x\n', { lead_rows: 1, has_header: false, joined_at: null }],
])('the names of the columns are found below %s', (_, text, found) => {
  expect(guess(text)).toMatchObject({ has_header: true, email: 0, joined_at: 1, ...found })
})

test.each(['true', 'yes', '1', 'TRUE'])('a column called subscribed that says %s is a state, not a time', (word) => {
  const reading = guess(`email,subscribed\na@example.com,${word}\nb@example.com,false\n`)
  expect(reading).toMatchObject({ joined_at: null, state: 1 })
  expect(decide(reading, 'a@example.com', word)).toMatchObject({ email: { email: 'a@example.com' } })
  expect(decide(reading, 'b@example.com', 'false')).toBe('The status “false” does not mean active.')
})

test.each([
  ['times below it', 'email,subscribed\na@example.com,2026-05-01\n', { joined_at: 1, state: null }],
  [
    'the better of two',
    'email,joined,created_at\na@example.com,,2026-05-01\nb@example.com,,2026-05-02\n',
    { joined_at: 2 },
  ],
  ['words below it', 'email,joined\na@example.com,by phone\n', { joined_at: null }],
  ['yes and no below a name for times', 'email,created_at\na@example.com,yes\n', { joined_at: null }],
  ['American states below state', 'email,state\na@example.com,CA\nb@example.com,NY\n', { state: null }],
  ['unknown words below status', 'email,status\na@example.com,gold\n', { state: 1 }],
  ['nothing below status', 'email,status\na@example.com,\n', { state: 1, include_status: ['blank'] }],
  ['nothing below subscribed', 'email,subscribed\na@example.com,\n', { joined_at: null, state: 1 }],
  ['nothing below joined', 'email,joined\na@example.com,\n', { joined_at: 1 }],
  ['links below referrer', 'email,referrer\na@example.com,https://news.example/\n', { referred_by: null }],
  [
    'one code for all below code',
    'email,referred_by,code\na@example.com,X1,SPRING\nb@example.com,X1,SPRING\nc@example.com,,SPRING\nd@example.com,,SPRING\n',
    { referred_by: 1, referral_code: null },
  ],
  [
    'what the referrers name',
    'email,code,id,referred_by\na@example.com,q,17,\nb@example.com,r,18,17\n',
    { referred_by: 3, referral_code: 2 },
  ],
  [
    'a link with the code',
    'email,referral_link,referred_by\na@example.com,https://x.example/?ref=AB1,\nb@example.com,https://x.example/?ref=AB2,ab1\n',
    { referred_by: 2, referral_code: 1 },
  ],
  ['a name in German', 'Zeitstempel,E-Mail-Adresse\n2026-05-01 10:00,a@example.com\n', { email: 1, joined_at: 0 }],
  [
    'the email, not what is said about it',
    'email_verified,contact email\ntrue,a@example.com\n',
    { email: 1, state: 0 },
  ],
])('what is below a name decides: %s', (_, text, columns) => {
  expect(guess(text)).toMatchObject(columns)
})

test.each([
  [
    'listmonk',
    'uuid,email,name,attributes,status,created_at,updated_at\nu,a@example.com,A,{},blocklisted,2026-05-01 10:00:00+00:00,\n',
    { email: 1, joined_at: 5, state: 4 },
  ],
  [
    'Ghost',
    'id,email,name,note,subscribed_to_emails,complimentary_plan,created_at,deleted_at,labels\n1,a@example.com,A,,false,false,2026-05-01T10:00:00.000Z,,\n',
    { email: 1, joined_at: 6, state: 4, leaving: [{ column: 7, name: 'deleted_at' }] },
  ],
  [
    'Brevo',
    'EMAIL,FIRSTNAME,EMAIL_BLACKLISTED,ADDED_TIME\na@example.com,A,1,2026-05-01 10:00:00\n',
    { email: 0, joined_at: 3, leaving: [{ column: 2, name: 'EMAIL_BLACKLISTED' }] },
  ],
  [
    'HubSpot',
    'Record ID,First Name,Email,Create Date,Unsubscribed from all email\n1,A,a@example.com,2026-05-01 10:00,true\n',
    { email: 2, joined_at: 3, leaving: [{ column: 4, name: 'Unsubscribed from all email' }] },
  ],
  [
    'Klaviyo',
    'Email,Profile Created On,Email Marketing Consent\na@example.com,2026-05-01 10:00:00,NEVER_SUBSCRIBED\n',
    { email: 0, joined_at: 1, state: 2 },
  ],
  [
    'Substack',
    'email,active_subscription,expiry,email_disabled,created_at\na@example.com,false,,true,2026-05-01T10:00:00.000Z\n',
    { email: 0, joined_at: 4, leaving: [{ column: 3, name: 'email_disabled' }] },
  ],
  [
    'Tally',
    'Submission ID,Respondent ID,Submitted at,Email\nx,y,2026-05-01 10:00:00,a@example.com\n',
    { email: 3, joined_at: 2 },
  ],
  ['Stripe', 'id,Email,Created (UTC)\ncus_1,a@example.com,2026-05-01 10:00\n', { email: 1, joined_at: 2 }],
])('columns that are called as in %s are found, and who has left there stays out', (name, text, columns) => {
  const reading = guess(text)
  expect(reading).toMatchObject(columns)
  const row = text.split('\n')[1]?.split(',') ?? []
  const isActive = ['Tally', 'Stripe'].includes(name)
  expect(decide(reading, ...row)).toEqual(
    isActive ? expect.objectContaining({ email: expect.anything() }) : expect.stringMatching(/does not mean active/),
  )
})

test('a file of 250 columns, however wide its rows are', () => {
  const names = Array.from({ length: 250 }, (_, i) =>
    i === 240 ? 'email' : i === 249 ? 'created_at' : `question_${i}`,
  )
  const row = (n: number) =>
    names.map((name, i) => (i === 240 ? `p${n}@example.com` : i === 249 ? '2026-05-01' : `${name}: ${'x'.repeat(90)}`))
  const text = [names, ...Array.from({ length: 200 }, (_, n) => row(n))].map((cells) => cells.join(',')).join('\n')
  // As much of it as is looked at, cut off in the middle of a row.
  const beginning = Buffer.from(text).subarray(0, 256 * 1024)
  expect(guessReading(beginning, 'utf-8', { isWhole: false })).toMatchObject({
    delimiter: ',',
    email: 240,
    joined_at: 249,
  })
})

test.each(['', 'NULL', '\\N', 'null', 'None', 'N/A', '-', ' \u00a0', '\u200b', '""', "'", '0000-00-00 00:00:00'])(
  '%j is a blank: no time, no code, no address',
  (blank) => {
    const reading = guess('email,joined_at,referred_by\na@example.com,2026-05-01,AB12CD\n')
    expect(decide(reading, 'a@example.com', blank, blank)).toMatchObject({ joinedAt: null, referralCode: null })
  },
)

test.each(['', 'NULL', '\\N', ' '])('an address that is %j is a missing one, not a wrong one', (blank) => {
  expect(decide(guess('email\na@example.com\n'), blank)).toBe('There is no e-mail address.')
})

test.each([
  ...[
    'K7M9PX',
    ' k7m9px ',
    '\u00a0K7M9PX\u00a0',
    '\u200bK7M9PX\ufeff',
    '"K7M9PX"',
    "'K7M9PX",
    '“K7M9PX”',
    '\u2060k7m9px\u200d',
  ],
  'https://example.com/?ref=K7M9PX',
])('%j names the referrer K7M9PX', (cell) => {
  const codes = guess('email,referred_by\na@example.com,K7M9PX\n')
  expect(decide(codes, 'a@example.com', cell)).toMatchObject({ referralCode: 'K7M9PX' })
  const own = guess('email,referral_code,referred_by\na@example.com,K7M9PX,\nb@example.com,X,K7M9PX\n')
  expect(decide(own, 'a@example.com', cell, cell)).toMatchObject({ referralCode: 'K7M9PX', fileCode: 'K7M9PX' })
})
