interface PaginationProps {
  /** The page's address, without its number. */
  href: (page: number) => string
  page: number
  limit: number
  total: number
  /** What is counted, in the plural. */
  noun: string
}

const counts = new Intl.NumberFormat('en')

/** Where in a long list one is, and the ways on. */
export function Pagination({ href, page, limit, total, noun }: PaginationProps) {
  const pages = Math.max(1, Math.ceil(total / limit))
  const from = Math.min(total, (page - 1) * limit + 1)
  return (
    <nav class="pages" aria-label="Pages">
      <p class="quiet">
        {total === 0
          ? `No ${noun}`
          : `${counts.format(from)}–${counts.format(Math.min(total, page * limit))} of ${counts.format(total)} ${noun}`}
      </p>
      <div class="row">
        {page > 1 ? <a href={href(1)}>First</a> : null}
        {page > 1 ? (
          <a href={href(page - 1)} rel="prev">
            Previous
          </a>
        ) : null}
        {page < pages ? (
          <a href={href(page + 1)} rel="next">
            Next
          </a>
        ) : null}
        {page < pages ? <a href={href(pages)}>Last</a> : null}
      </div>
    </nav>
  )
}
