import type { Child } from 'hono/jsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { SubscriberRow } from './subscriber.ts'
import type { SortKey, SubscriberSort } from './subscriber-sorts.ts'
import { sortOrders, toSeekText } from './subscriber-sorts.ts'

const numbers = new Intl.NumberFormat('en')

/** Which of a waitlist's people a page shows, as its address says it. */
export interface SubscribersAddress {
  base: string
  needle: string
  sort: SubscriberSort
  page: number
  after: SortKey | undefined
  before: SortKey | undefined
}

/** The address of another page, or of another order, of the same people. */
export function subscribersHref(
  { base, needle }: SubscribersAddress,
  to: { sort: SubscriberSort; page?: number; after?: SortKey | undefined; before?: SortKey | undefined },
): string {
  const query = new URLSearchParams({
    ...(needle ? { q: needle } : {}),
    ...(to.sort === 'joined' ? {} : { sort: to.sort }),
    ...(to.page !== undefined && to.page > 1 ? { page: String(to.page) } : {}),
    ...(to.after ? { after: toSeekText(to.after) } : {}),
    ...(to.before ? { before: toSeekText(to.before) } : {}),
  })
  return query.size > 0 ? `${base}?${query}` : base
}

export function SubscribersTable(props: { items: SubscriberRow[]; address: SubscribersAddress; now: Date }) {
  const { items, address, now } = props
  return (
    <div class="table-wrap">
      <table class="cards">
        <caption class="visually-hidden">Subscribers</caption>
        <thead>
          <tr>
            <SortHead address={address} by="position" class="right">
              Position
            </SortHead>
            <th scope="col">E-mail</th>
            <th scope="col">Joined</th>
            <th scope="col">State</th>
            <th scope="col">Referral code</th>
            <SortHead address={address} by="referrals" class="right">
              Referred
            </SortHead>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr>
              <td class="right" data-label="Position">
                {item.position === null ? '–' : numbers.format(item.position)}
              </td>
              <td class="name" data-label="E-mail">
                <a href={`${address.base}/subscribers/${item.id}`}>
                  <bdi>{item.email}</bdi>
                </a>
              </td>
              <td data-label="Joined">
                <RelativeTime at={new Date(item.joined_at)} now={now} />
              </td>
              <td data-label="State">{item.state === 'active' ? 'Active' : <span class="badge warn">Pending</span>}</td>
              <td data-label="Referral code">{item.referral_code ? <code>{item.referral_code}</code> : '–'}</td>
              <td class="right" data-label="Referred">
                {numbers.format(item.referral_count)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Arrival is the order of no column: a file or a key may bring earlier dates of joining than those already here. */
type SortColumn = Exclude<(typeof sortOrders)[SubscriberSort]['by'], 'joined'>

/** The orders of a column; following its heading leads to the first that is not shown. */
const columnOrders: Record<SortColumn, [SubscriberSort, ...SubscriberSort[]]> = {
  position: ['position', '-position'],
  referrals: ['-referrals'],
}

function SortHead(props: { address: SubscribersAddress; by: SortColumn; class?: string; children?: Child }) {
  const { address, by } = props
  const orders = columnOrders[by]
  const isCurrent = orders.includes(address.sort)
  const next = orders.find((order) => order !== address.sort) ?? orders[0]
  const isDescending = address.sort.startsWith('-')
  return (
    <th scope="col" class={props.class} aria-sort={isCurrent ? (isDescending ? 'descending' : 'ascending') : undefined}>
      <a class="sort" href={subscribersHref(address, { sort: next })} title={sortOrders[next].label}>
        {props.children}
        {isCurrent ? <span aria-hidden="true">{isDescending ? ' ↓' : ' ↑'}</span> : null}
      </a>
    </th>
  )
}
