import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { inject } from 'vitest'

/** Adds to a figure of the table that stands at the end of a run: how much was tried, so that a check that did nothing is seen. */
export function reportFigure(what: string, count: number): void {
  appendFileSync(inject('figuresFile'), `${JSON.stringify({ what, count })}\n`)
}

/** The table of a run's figures; '' where none were reported. */
export function figuresTable(file: string): string {
  if (!existsSync(file)) return ''
  const sums = new Map<string, number>()
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const { what, count } = JSON.parse(line) as { what: string; count: number }
    sums.set(what, (sums.get(what) ?? 0) + count)
  }
  const rows = [...sums].sort(([a], [b]) => a.localeCompare(b))
  const texts = rows.map(([what, count]) => ({ what, count: count.toLocaleString('en') }))
  const width = Math.max(...texts.map(({ count }) => count.length))
  return texts.map(({ what, count }) => `  ${count.padStart(width)}  ${what}\n`).join('')
}
