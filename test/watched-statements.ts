import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject } from 'vitest'
import { reportDistinct, reportFigure } from './figures.ts'
import { asLine, mayNameNobody } from './nameless-statements.ts'
import { findUnnamed } from './tenant-statements.ts'
import { watchStatements } from './watch-statements.ts'

/** What the product has sent in this test file, in this process and in those that it has started. */
export class WatchedStatements {
  readonly texts = new Set<string>()
  sent = 0
  /** Where the processes that this test file starts write what they send. */
  file = ''
  readonly #known = new Map<string, string[]>()
  #forgiven: ((text: string) => boolean)[] = []

  /** Superusers are the tests' own connections: the product's name a role. */
  watch(): void {
    watchStatements((text, role) => {
      if (role === undefined) return
      this.sent += 1
      this.texts.add(text)
    })
  }

  begin(testFile: string): void {
    this.texts.clear()
    this.sent = 0
    this.#forgiven = []
    const hash = createHash('sha256').update(testFile).digest('hex').slice(0, 16)
    this.file = join(dirname(inject('figuresFile')), `statements-${hash}.jsonl`)
    // processes.ts hands it on.
    process.env.WATCHED_STATEMENTS = this.file
  }

  /** All that were sent, those of started processes too. */
  all(): string[] {
    const lines = existsSync(this.file) ? readFileSync(this.file, 'utf8').trim().split('\n') : []
    const ofProcesses = lines.map((line) => JSON.parse(line) as string)
    return [...this.texts.union(new Set(ofProcesses))]
  }

  /** Those that use a tenant's table and do not say whose rows they are about, as "table: statement". */
  unnamed(): string[] {
    return this.all()
      .filter((text) => !this.#forgiven.some((isForgiven) => isForgiven(text)))
      .flatMap((text) => this.#unnamedIn(text).map((table) => `${table}: ${asLine(text)}`))
  }

  /** What the test file sends itself under a role of the product, to see that the wall holds. */
  forgive(isForgiven: (text: string) => boolean): void {
    this.#forgiven.push(isForgiven)
  }

  #unnamedIn(text: string): string[] {
    const known =
      this.#known.get(text) ?? (mayNameNobody(asLine(text)) ? [] : findUnnamed(text, inject('tenantTables')))
    this.#known.set(text, known)
    return known
  }

  end(): void {
    const texts = this.all()
    const unnamed = this.unnamed()
    rmSync(this.file, { force: true })
    reportFigure('statements sent under watch', this.sent)
    reportDistinct('different statements held against whose rows they are about', texts)
    expect(unnamed, 'statements sent in this file that do not name the organisation whose rows they are about').toEqual(
      [],
    )
  }
}

const place = Symbol.for('queueup watched statements')
const here = globalThis as unknown as Record<symbol, WatchedStatements | undefined>

/** Those of the test file that runs: one for each worker, whose files share the driver. */
export function watchedStatements(): WatchedStatements {
  const before = here[place]
  if (before) return before
  const made = new WatchedStatements()
  made.watch()
  here[place] = made
  return made
}
