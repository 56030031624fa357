import { appendFileSync } from 'node:fs'
import { watchStatements } from './watch-statements.ts'

/** Loaded before the product by each process that a test starts: all that it sends is the product's, whatever the role. */
const file = process.env.WATCHED_STATEMENTS
const seen = new Set<string>()
if (file) {
  watchStatements((text) => {
    if (seen.has(text)) return
    seen.add(text)
    // At once: many of these processes are killed.
    appendFileSync(file, `${JSON.stringify(text)}\n`)
  })
}
