import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../', import.meta.url)
const rows = readFileSync(new URL('docs/guide/promises.md', root), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Promise '))
  .map((line) => line.split('|').slice(1, -1))

test('each promise of the guide is made once and names its tests, which are there and try something', () => {
  expect(rows.length).toBeGreaterThan(50)
  const faults = rows.flatMap(([promise = '', named = '', ...more]) => {
    const files = [...named.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)
    const isTest = (file: string) => file.endsWith('.test.ts') && /\b(?:test|it)\b/.test(textOf(file))
    const missing = files.filter((file) => !existsSync(new URL(file, root)))
    return [
      ...(more.length > 0 ? [`${promise}: more than two columns`] : []),
      ...(missing.length === 0 && !files.some(isTest) ? [`${promise}: names no test`] : []),
      ...missing.map((file) => `${promise}: ${file} is not there`),
    ]
  })
  expect(faults).toEqual([])
  expect(new Set(rows.map(([promise]) => promise)).size).toBe(rows.length)
})

const textOf = (file: string) => readFileSync(new URL(file, root), 'utf8')
