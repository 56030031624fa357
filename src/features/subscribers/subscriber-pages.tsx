import { Pagination } from '../../platform/ui/pagination.tsx'
import type { SubscribersFound } from './list-subscribers.ts'
import { type SubscribersAddress, subscribersHref } from './subscribers-table.tsx'

const numbers = new Intl.NumberFormat('en')

/** Where in a waitlist one is, and the ways on. */
export function SubscriberPages(props: { found: SubscribersFound; address: SubscribersAddress; limit: number }) {
  const { found, address, limit } = props
  const { sort, page, needle } = address
  const one = found.total === 1
  const noun = needle ? `${one ? 'person' : 'people'} found` : one ? 'subscriber' : 'subscribers'
  if (!found.seek) {
    const href = (to: number) => subscribersHref(address, { sort, page: to })
    return <Pagination href={href} page={page} limit={limit} total={found.total} noun={noun} />
  }
  const { before, after } = found.seek
  const first = before ? (page - 1) * limit + 1 : 1
  const total = found.isEstimate
    ? `about ${numbers.format(Number(found.total.toPrecision(2)))}`
    : numbers.format(found.total)
  return (
    <nav class="pages" aria-label="Pages">
      <p class="quiet">
        {numbers.format(first)}–{numbers.format(first + found.items.length - 1)} of {total} {noun}
      </p>
      <div class="row">
        {before ? <a href={subscribersHref(address, { sort })}>First</a> : null}
        {before ? (
          <a href={subscribersHref(address, page > 2 ? { sort, page: page - 1, before } : { sort })} rel="prev">
            Previous
          </a>
        ) : null}
        {after ? (
          <a href={subscribersHref(address, { sort, page: page + 1, after })} rel="next">
            Next
          </a>
        ) : null}
      </div>
    </nav>
  )
}
