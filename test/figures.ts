import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { inject } from 'vitest'

/** Adds to a figure of the table that stands at the end of a run: how much was tried, so that a check that did nothing is seen. */
export function reportFigure(what: string, count: number): void {
  appendFileSync(inject('figuresFile'), `${JSON.stringify({ what, count })}\n`)
}

/** Adds to a figure that counts each text once, however many files of the run report it. */
export function reportDistinct(what: string, texts: string[]): void {
  const each = texts.map((text) => createHash('sha256').update(text).digest('base64').slice(0, 12))
  appendFileSync(inject('figuresFile'), `${JSON.stringify({ what, each })}\n`)
}

/** The table of a run's figures; '' where none were reported. */
export function figuresTable(file: string): string {
  if (!existsSync(file)) return ''
  const sums = new Map<string, number>()
  const sets = new Map<string, Set<string>>()
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const { what, count = 0, each = [] } = JSON.parse(line) as { what: string; count?: number; each?: string[] }
    const set = (sets.get(what) ?? new Set()).union(new Set(each))
    sets.set(what, set)
    sums.set(what, each.length > 0 ? set.size : (sums.get(what) ?? 0) + count)
  }
  const rows = [...sums].sort(([a], [b]) => a.localeCompare(b))
  const texts = rows.map(([what, count]) => ({ what, count: count.toLocaleString('en') }))
  const width = Math.max(...texts.map(({ count }) => count.length))
  return texts.map(({ what, count }) => `  ${count.padStart(width)}  ${what}\n`).join('')
}
