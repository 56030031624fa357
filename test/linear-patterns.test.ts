import { readdirSync, readFileSync } from 'node:fs'
import { check } from 'recheck'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reportFigure } from './figures.ts'
import { patternsOf, patternsOfSource, type SourcePattern } from './patterns-of-source.ts'

/** Large enough to prove a bounded repetition, too, instead of trying it. */
const proof = { maxRepeatCount: 300, maxRepeatSize: 2_000, maxNFASize: 60_000, maxPatternSize: 5_000, timeout: 60_000 }

/** The patterns that are not proven to take a time in proportion to the text, as "where pattern: why". */
async function notLinear(patterns: SourcePattern[]): Promise<string[]> {
  const found: string[] = []
  for (const { where, source, flags } of patterns) {
    const result = await check(source, flags, proof)
    const isProven = result.status === 'safe' && result.checker === 'automaton'
    const why = result.status === 'unknown' ? 'unknown' : result.complexity.summary
    if (!isProven) found.push(`${where} /${source}/${flags}: ${why} (${result.checker})`)
  }
  return found
}

test('no text, however made, keeps a regular expression busy for longer than in proportion to its length', {
  timeout: 180_000,
}, async () => {
  const { patterns, made } = patternsOfSource()
  expect(made).toEqual([])
  const zods = [{ where: 'zod', source: z.regexes.email.source, flags: z.regexes.email.flags }]
  const once = new Map([...patterns, ...zods].map((pattern) => [`${pattern.flags}/${pattern.source}`, pattern]))
  expect(once.size).toBeGreaterThan(100)
  expect(await notLinear([...once.values()])).toEqual([])
  reportFigure('regular expressions proven linear', once.size)
})

test('a pattern that is not, wherever it stands, is found', async () => {
  const { patterns, made } = patternsOf(
    'x.tsx',
    [
      'const page = <p class={/-+$/.exec(text)?.[0]}>{"/(a+)+$/"}</p> // /(b+)+$/',
      'export const pattern: RegExp = new RegExp("^(a|a)*$", "u")',
      'text.match("^(.*)x(.*)y$")',
      'RegExp(prefix + ".*")',
      'text.search(prefix)',
    ].join('\n'),
  )
  expect(made).toEqual(['x.tsx:4', 'x.tsx:5'])
  expect(await notLinear(patterns)).toEqual([
    'x.tsx:1 /-+$/: 2nd degree polynomial (automaton)',
    'x.tsx:2 /^(a|a)*$/u: exponential (automaton)',
    'x.tsx:3 /^(.*)x(.*)y$/: 2nd degree polynomial (automaton)',
  ])
})

test("PostgreSQL's patterns are constants that never look back: those take no longer than in proportion either", () => {
  const folder = new URL('../migrations/', import.meta.url)
  const uses = readdirSync(folder).flatMap((file) => {
    const lines = readFileSync(new URL(file, folder), 'utf8').split('\n')
    return lines.flatMap((line) =>
      [...line.matchAll(/(?:~\*?|\bsimilar to|\bregexp_\w+\()(.*)/gi)].map(([, use]) => use),
    )
  })
  expect(uses.length).toBeGreaterThan(1)
  expect(uses.filter((use) => !/^ '\^[^'\\]*\$'/.test(use ?? ''))).toEqual([])
})
