import { Pagination } from '../../platform/ui/pagination.tsx'
import { SeekPages, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import type { SubscribersFound } from './list-subscribers.ts'
import type { SortKey } from './subscriber-sorts.ts'
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
  const total = found.isEstimate
    ? `about ${numbers.format(Number(found.total.toPrecision(2)))}`
    : numbers.format(found.total)
  return (
    <SeekPages
      href={(to: SeekPlace<SortKey>) => subscribersHref(address, { sort, ...to })}
      {...{ page, limit, total, noun, shown: found.items.length, before: found.seek.before, after: found.seek.after }}
    />
  )
}
