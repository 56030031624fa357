import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { Dialog } from '../../platform/ui/dialog.tsx'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { Pagination } from '../../platform/ui/pagination.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import type { SubscriberRow } from './list-subscribers.ts'

const numbers = new Intl.NumberFormat('en')

interface SubscribersPageProps {
  frame: Frame
  waitlist: Waitlist
  items: SubscriberRow[]
  total: number
  page: number
  limit: number
  needle: string
  isAdmin: boolean
  now: Date
  notice?: string | undefined
  dialog?: Child
}

/** The people of a waitlist, in order of joining. */
export function SubscribersPage(props: SubscribersPageProps) {
  const { frame, waitlist, items, total, page, limit, needle, isAdmin, now, notice, dialog } = props
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}`
  const href = (to: number) =>
    `${base}?${new URLSearchParams({ ...(needle ? { q: needle } : {}), ...(to > 1 ? { page: String(to) } : {}) })}`
  return (
    <PageLayout title={waitlist.name} frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>
            <bdi>{waitlist.name}</bdi> {waitlist.archived_at ? <span class="badge">Archived</span> : null}
          </h1>
          <p>
            <code>{waitlist.id}</code> {waitlist.description}
          </p>
        </div>
        {isAdmin ? (
          <div class="row">
            <a class="button plain" href={`${base}/setup`}>
              Set up
            </a>
            {waitlist.archived_at ? null : (
              <a class="button" id="add-subscriber" href={`${base}/add`}>
                Add subscriber
              </a>
            )}
          </div>
        ) : null}
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {waitlist.archived_at ? (
        <Notice kind="warn">
          This waitlist is archived: it takes no signups, and its API answers 404. Restore it under Set up.
        </Notice>
      ) : null}
      {total > 0 || needle ? <Search base={base} needle={needle} /> : null}
      {isAdmin && total > 0 ? <Export base={base} needle={needle} /> : null}
      {items.length > 0 ? (
        <SubscribersTable items={items} now={now} />
      ) : (
        <div class="empty">
          <h2>{needle ? 'Nobody found' : 'Nobody has joined yet'}</h2>
          <p>
            {needle
              ? 'No e-mail address on this waitlist contains that.'
              : 'Add the first person by hand, or let your backend do it: create an API key with the permission Create subscribers, and use the id above.'}
          </p>
        </div>
      )}
      {total > 0 ? (
        <Pagination
          href={href}
          page={page}
          limit={limit}
          total={total}
          noun={needle ? 'people found' : 'subscribers'}
        />
      ) : null}
    </PageLayout>
  )
}

function Search({ base, needle }: { base: string; needle: string }) {
  return (
    <form method="get" action={base} class="filters" role="search">
      <div class="field grow">
        <label for="q">Search by e-mail</label>
        <input class="input" id="q" name="q" type="search" value={needle} maxlength={254} />
      </div>
      <button type="submit" class="button plain">
        Search
      </button>
      {needle ? <a href={base}>Show everybody</a> : null}
    </form>
  )
}

function Export({ base, needle }: { base: string; needle: string }) {
  return (
    <form method="post" action={`${base}/export`} data-download class="row files">
      {needle ? <input type="hidden" name="q" value={needle} /> : null}
      <button type="submit" class="button plain small">
        {needle ? 'Export those found as CSV' : 'Export CSV'}
      </button>
    </form>
  )
}

function SubscribersTable({ items, now }: { items: SubscriberRow[]; now: Date }) {
  return (
    <div class="table-wrap">
      <table class="cards">
        <caption class="visually-hidden">Subscribers</caption>
        <thead>
          <tr>
            <th scope="col" class="right">
              Position
            </th>
            <th scope="col">E-mail</th>
            <th scope="col">Joined</th>
            <th scope="col">State</th>
            <th scope="col">Referral code</th>
            <th scope="col" class="right">
              Referred
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr>
              <td class="right" data-label="Position">
                {item.position === null ? '–' : numbers.format(item.position)}
              </td>
              <td class="name" data-label="E-mail">
                <bdi>{item.email}</bdi>
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

export function AddSubscriberDialog({ base, email = '', error }: { base: string; email?: string; error?: AppError }) {
  return (
    <Dialog id="add" title="Add a subscriber" closeHref={`${base}#add-subscriber`}>
      <form method="post" action={`${base}/add`} class="stack">
        <Field
          name="email"
          label="Email"
          type="text"
          value={email}
          required
          autofocus
          autocomplete="off"
          problems={error?.errors ?? []}
          hint="Somebody who is on the list already keeps their place."
        />
        <div class="dialog-actions">
          <a class="button plain" href={`${base}#add-subscriber`}>
            Cancel
          </a>
          <button type="submit" class="button">
            Add subscriber
          </button>
        </div>
      </form>
    </Dialog>
  )
}
