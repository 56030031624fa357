import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Advisories } from '../scripts/find-vulnerable.ts'
import { sourceAges } from '../scripts/source-ages.ts'

const known = JSON.parse(readFileSync(new URL('advisories.json', import.meta.url), 'utf8')) as Advisories

test('how old each source of the advisories is can be read here, and what has not been looked at since is said', () => {
  const sources = [
    { name: 'npm audit', until: null },
    { name: 'a', until: '2026-10-01' },
    { name: 'b', until: '2026-11-30' },
    { name: 'c', until: '2026-12-01' },
  ]
  expect(sourceAges({ ...known, sources }, '2026-12-01')).toEqual([
    'Source: npm audit has never answered.',
    'Source: a, until 2026-10-01, 61 days old: what was published since is not known here.',
    'Source: b, until 2026-11-30, 1 day old.',
    'Source: c, until 2026-12-01, of today.',
  ])
  expect(known.sources.length).toBeGreaterThan(2)
  for (const line of sourceAges(known, new Date().toISOString().slice(0, 10))) process.stdout.write(`${line}\n`)
})
