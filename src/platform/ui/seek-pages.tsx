/** Which page of a list an address means: its number, for people, and the row that it goes on from. */
export interface SeekPlace<Key = string> {
  page: number
  after?: Key | undefined
  before?: Key | undefined
}

interface SeekPagesProps<Key> {
  href: (to: SeekPlace<Key>) => string
  page: number
  limit: number
  /** How many rows this page has. */
  shown: number
  /** Where the pages beside this one end and begin. */
  before: Key | undefined
  after: Key | undefined
  /** All there are, in words; undefined where they are not counted. */
  total?: string
  /** What is counted, in the plural. */
  noun: string
  label?: string
}

const numbers = new Intl.NumberFormat('en')

/** Where in a list one is whose pages go on from each other, and the ways on. */
export function SeekPages<Key>(props: SeekPagesProps<Key>) {
  const { href, page, limit, shown, before, after, noun, label = 'Pages' } = props
  const first = before === undefined ? 1 : (page - 1) * limit + 1
  const last = first + shown - 1
  const total = props.total ?? (after === undefined ? numbers.format(last) : undefined)
  return (
    <nav class="pages" aria-label={label}>
      <p class="quiet">
        {numbers.format(first)}–{numbers.format(last)} {total === undefined ? '' : `of ${total} `}
        {noun}
      </p>
      <div class="row">
        {before === undefined ? null : <a href={href({ page: 1 })}>First</a>}
        {before === undefined ? null : (
          <a href={href(page > 2 ? { page: page - 1, before } : { page: 1 })} rel="prev">
            Previous
          </a>
        )}
        {after === undefined ? null : (
          <a href={href({ page: page + 1, after })} rel="next">
            Next
          </a>
        )}
      </div>
    </nav>
  )
}

/** The part of an address that says a place; `prefix` where a page has several lists. */
export function placeQuery({ page, after, before }: SeekPlace, prefix = ''): Record<string, string | undefined> {
  return {
    [`${prefix}page`]: page > 1 ? String(page) : undefined,
    [`${prefix}after`]: after,
    [`${prefix}before`]: before,
  }
}
