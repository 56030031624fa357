import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { cells } from './limits-of-the-guide.ts'

const root = new URL('../../', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, root), 'utf8')

const columns = ['network', 'user', 'organisation', 'server'] as const
const section = read('docs/guide/limits.md').split('## What is limited')[1]?.split('\n## ')[0] ?? ''
const rows = section
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| What '))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
const table = rows.flatMap(([what = '', ...said]) =>
  columns.map((column, i) => ({ name: `${what} × ${column}`, said: said[i] ?? '' })),
)

test('no cell of the table is empty, and one without a limit gives its reason', () => {
  expect(rows.length).toBeGreaterThan(15)
  for (const row of rows) expect(row).toHaveLength(columns.length + 1)
  const faults = table.filter(({ said }) => (said.startsWith('None') ? !/^None: .{15,}/.test(said) : said === ''))
  expect(faults).toEqual([])
})

test('each limit of the table is known here, and no other', () => {
  const limiting = table.filter(({ said }) => !said.startsWith('None: ')).map(({ name }) => name)
  expect(Object.keys(cells).toSorted()).toEqual(limiting.toSorted())
})

test('each figure of the table is that of the code', () => {
  const faults = table.flatMap(({ name, said }) =>
    (cells[name]?.says ?? [])
      .filter((words) => !said.includes(words))
      .map((words) => `${name} does not say "${words}"`),
  )
  expect(faults).toEqual([])
})

test('each limit is tried by a test that is there', () => {
  const faults = Object.entries(cells).flatMap(([name, { tried }]) => {
    const [file, sentence] = tried
    const text = read(file).replaceAll("\\'", "'")
    return /\.test\.ts$/.test(file) && text.includes(sentence) ? [] : [`${name}: ${file} has no "${sentence}"`]
  })
  expect(faults).toEqual([])
})

test('passwords are hashed nowhere but behind the queue that bounds it', () => {
  const hashing = readdirSync(new URL('src', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && read(`src/${file}`).includes("from 'better-auth/crypto'"))
    .filter((file) => !file.endsWith('.test.ts'))
  expect(hashing).toEqual(['features/accounts/password-hash.ts'])
})
