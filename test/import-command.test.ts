import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cliJson, makeDataDir, makeKeyByCli, runCli, type Server, startServer } from './processes.ts'

// Each test starts several commands.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const env: Record<string, string> = { DATA_DIR: makeDataDir() }
const at = (name: string) => join(env.DATA_DIR ?? '', name)
let server: Server
let slug: string
beforeAll(async () => {
  slug = (await makeKeyByCli(env)).slug
  await cliJson(env, 'org', 'set-plan', '--org', slug, '--plan', 'team')
  server = await startServer(env)
})
afterAll(async () => {
  await server?.stop()
  rmSync(env.DATA_DIR ?? '', { recursive: true, force: true })
})

async function prepare(content: string) {
  const { waitlist_id } = await cliJson(env, 'waitlist', 'create', '--org', slug, '--name', 'Launch')
  const file = at(`${waitlist_id}.csv`)
  writeFileSync(file, content)
  const importing = (...options: string[]) =>
    runCli(env, 'subscribers', 'import', '--org', slug, '--waitlist', waitlist_id, file, ...options)
  const people = async () => {
    const { stdout } = await runCli(env, 'subscribers', 'export', '--org', slug, '--waitlist', waitlist_id)
    return (parse(stdout, { columns: true }) as Record<string, string>[]).map(({ email, joined_at }) => [
      email,
      joined_at,
    ])
  }
  return { file, importing, people }
}

test('an import by command takes the columns that it is told by name or number, and leaves one out', async () => {
  const { importing, people } = await prepare(
    'Contact,Work email,Joined at\nhome@example.com,"a@example.com",nonsense\nother@example.com,b@example.com,nonsense\n',
  )
  const guessed = await importing()
  expect([guessed.code, guessed.stdout]).toEqual([3, '0 added, 0 already there, 2 refused\n'])
  expect(guessed.stderr).toContain('Row 1: The time of joining is not one such as')
  const told = await importing('--map', 'email=1,joined_at=none')
  expect(told).toMatchObject({ code: 0, stdout: '2 added, 0 already there, 0 refused\n', stderr: '' })
  expect((await people()).map(([email]) => email)).toEqual(['home@example.com', 'other@example.com'])
  expect((await importing('--map', 'email=1,joined_at=none')).code).toBe(0)
  const again = await importing('--map', 'email=work EMAIL', '--map', 'joined_at=none', '--json')
  expect(JSON.parse(again.stdout)).toEqual({ added: 2, already_there: 0, refused: 0 })
  expect(await people()).toHaveLength(4)
})

test('refused rows are told with their reason, and all of them are written as CSV', async () => {
  const rows = Array.from({ length: 70 }, (_, i) => `person${i},,=1+${i}\n`)
  const { file, importing } = await prepare(
    `email,state,note\na@example.com,active,\nb@example.com,Opted out,\nc@example.com,cleaned,\n${rows.join('')}`,
  )
  const results = at('results.csv')
  const { code, stdout, stderr } = await importing('--results', results)
  expect([code, stdout]).toEqual([0, '1 added, 0 already there, 72 refused\n'])
  const lines = stderr.trim().split('\n')
  expect(lines.slice(0, 3)).toEqual([
    'Row 2: The status “Opted out” does not mean active.',
    'Row 3: The status “cleaned” does not mean active.',
    'Row 4: This is not an e-mail address.',
  ])
  expect(lines.slice(50)).toEqual([
    '… and 22 more rows',
    'Not active: Opted out (1), cleaned (1). Add such rows with --include-status WORD,WORD.',
  ])
  const written = parse(readFileSync(results), { columns: true }) as Record<string, string>[]
  expect(written).toHaveLength(72)
  expect(written[2]).toEqual({
    ...{ row: '4', result: 'refused', reason: 'This is not an e-mail address.' },
    ...{ email: 'person0', state: '', note: "'=1+0" },
  })
  expect(statSync(results).mode & 0o777).toBe(0o600)

  const more = await importing('--include-status', 'opted_out,CLEANED')
  expect([more.code, more.stdout]).toEqual([0, '2 added, 1 already there, 70 refused\n'])
  expect(more.stderr).toContain('Write all of them to a file with --results FILE')
  // Nobody new, and not because everybody was there: a script can tell.
  expect((await importing('--include-status', 'opted out', '--include-status', 'cleaned')).code).toBe(3)
  const replacing = await importing('--results', file)
  expect([replacing.code, replacing.stderr]).toEqual([1, expect.stringContaining('Choose another file.')])
  expect(readFileSync(file, 'utf8')).toContain('a@example.com')
})

test('a file without anybody is told by the exit code', async () => {
  const { importing } = await prepare('email,joined_at\n')
  const done = await importing()
  expect([done.code, done.stdout]).toEqual([3, '0 added, 0 already there, 0 refused\n'])
})

test('times that no row decides are not guessed: the command says so, and takes the order it is told', async () => {
  const { importing, people } = await prepare(
    'Timestamp,Email Address\n3/4/2026 10:00:00,a@example.com\n5/6/2026 10:00:00,b@example.com\n',
  )
  const undecided = await importing()
  expect([undecided.code, undecided.stdout]).toEqual([3, '0 added, 0 already there, 2 refused\n'])
  expect(undecided.stderr).toContain('can be read as day/month and as month/day')
  expect(undecided.stderr).toContain('--date-order')
  expect((await importing('--date-order', 'day')).code).toBe(0)
  expect(await people()).toEqual([
    ['a@example.com', '2026-04-03T10:00:00Z'],
    ['b@example.com', '2026-06-05T10:00:00Z'],
  ])
})

test('one value at the end of a long file decides for all of it', async () => {
  const rows = Array.from(
    { length: 9_000 },
    (_, i) => `p${i}@example.com,${(i % 12) + 1}/${(i % 11) + 1}/2025,${'x'.repeat(50)}\n`,
  )
  const { importing, people } = await prepare(`email,date,note\n${rows.join('')}last@example.com,1/31/2025,\n`)
  expect((await importing()).stdout).toBe('9001 added, 0 already there, 0 refused\n')
  expect((await people())[1]).toEqual(['p1@example.com', '2025-02-02T00:00:00Z'])
  expect((await people())[2]).toEqual(['p2@example.com', '2025-03-03T00:00:00Z'])
  expect((await people())[11]).toEqual(['p11@example.com', '2025-12-01T00:00:00Z'])
})

test.each([
  [['--map', 'emial=1'], 2, 'Fields are email, joined_at'],
  [['--map', 'email'], 2, 'is not FIELD=COLUMN'],
  [['--map', 'email=Addres'], 1, 'The file has no column "Addres". Its columns are "Name", "Mail": numbers 1 to 2.'],
  [['--map', 'email=3'], 1, 'numbers 1 to 2'],
  [['--map', 'email=none'], 1, 'say which it is with --map email=COLUMN'],
  [['--date-order', 'year'], 2, 'day, month'],
  [['--lead-rows', '-1'], 2, 'Give a number from 0 to 999.'],
  [['--delimiter', 'colon'], 2, 'comma, semicolon, tab, vertical bar'],
  [['--results', '/nowhere/results.csv'], 1, 'The results cannot be written'],
] as const)('%j is refused with what is wrong and adds nobody', async (options, code, sentence) => {
  const { importing, people } = await prepare('Name,Mail\nAda,a@example.com\n')
  const refused = await importing(...options)
  expect([refused.code, refused.stdout]).toEqual([code, ''])
  expect(refused.stderr).toContain(sentence)
  expect(await people()).toEqual([])
  expect(existsSync('/nowhere')).toBe(false)
})

test('rows above the names, and the delimiter, can be told', async () => {
  const { importing, people } = await prepare('x;y\nemail;email\nemail;other\na@example.com;b@example.com\n')
  const done = await importing('--lead-rows', '2', '--delimiter', 'semicolon', '--map', 'email=other')
  expect([done.code, done.stdout]).toEqual([0, '1 added, 0 already there, 0 refused\n'])
  expect(await people()).toMatchObject([['b@example.com', expect.any(String)]])
})
