import { type RawBuilder, type SqlBool, sql } from 'kysely'

/** Which part of a list is wanted: what follows one of its rows, what comes before it, or its start. */
export interface SeekAsked {
  limit: number
  after?: string | undefined
  before?: string | undefined
}

export interface SeekPage<Row> {
  items: Row[]
  /** Pass as `before` for the page before this one; undefined on the first. */
  before: string | undefined
  /** Pass as `after` for the page after this one; undefined on the last. */
  after: string | undefined
}

interface ListOrder {
  /** What the rows are sorted by; together it tells each row from every other. */
  by: RawBuilder<unknown>[]
  descending?: boolean
  /** Selects the same of the row with an id. */
  at: (id: string) => RawBuilder<unknown>
}

/** What a statement needs to read one page and to see whether the list goes on. */
export interface SeekPart {
  condition: RawBuilder<SqlBool>
  order: RawBuilder<unknown>
  limit: number
}

/**
 * Reads a page that goes on from a row, so that it costs the same wherever it lies. From the start where that row is gone, or
 * all that came after it.
 */
export async function readSeekPage<Row>(
  order: ListOrder,
  asked: SeekAsked,
  read: (part: SeekPart) => Promise<Row[]>,
  idOf: (row: Row) => string,
): Promise<SeekPage<Row>> {
  const page = await readPage(order, asked, read, idOf)
  const isFromStart = asked.after === undefined && asked.before === undefined
  return page.items.length > 0 || isFromStart ? page : readPage(order, { limit: asked.limit }, read, idOf)
}

async function readPage<Row>(
  { by, descending = false, at }: ListOrder,
  { limit, after, before }: SeekAsked,
  read: (part: SeekPart) => Promise<Row[]>,
  idOf: (row: Row) => string,
): Promise<SeekPage<Row>> {
  const toStart = before !== undefined
  const from = before ?? after
  const isDown = descending !== toStart
  const direction = sql.raw(isDown ? 'desc' : 'asc')
  const rows = await read({
    condition:
      from === undefined
        ? sql<SqlBool>`true`
        : sql<SqlBool>`(${sql.join(by)}) ${sql.raw(isDown ? '<' : '>')} (${at(from)})`,
    order: sql.join(by.map((one) => sql`${one} ${direction}`)),
    // One more than the page tells whether the list goes on.
    limit: limit + 1,
  })
  const goesOn = rows.length > limit
  const items = toStart ? rows.slice(0, limit).reverse() : rows.slice(0, limit)
  const [first, last] = [items[0], items.at(-1)]
  return {
    items,
    before: first && (toStart ? goesOn : after !== undefined) ? idOf(first) : undefined,
    after: last && (toStart || goesOn) ? idOf(last) : undefined,
  }
}

/** Every row of a list, page by page. */
export async function* readAllPages<Row>(
  read: (asked: SeekAsked) => Promise<SeekPage<Row>>,
  limit = 1_000,
): AsyncGenerator<Row[]> {
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const page = await read({ limit, after })
    if (page.items.length > 0) yield page.items
    after = page.after
  }
}
