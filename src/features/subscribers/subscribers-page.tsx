import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { CopyButton } from '../../platform/ui/copy-field.tsx'
import { Crumbs } from '../../platform/ui/crumbs.tsx'
import { Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field, FormProblem } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import type { SubscribersFound } from './list-subscribers.ts'
import { SubscriberPages } from './subscriber-pages.tsx'
import { sortOrders } from './subscriber-sorts.ts'
import { type SubscribersAddress, SubscribersTable } from './subscribers-table.tsx'

interface SubscribersPageProps {
  frame: Frame
  waitlist: Waitlist
  found: SubscribersFound
  /** Why nobody was searched for. */
  problem?: AppError | undefined
  address: SubscribersAddress
  limit: number
  isAdmin: boolean
  now: Date
  notice: Child
  dialog?: Child
}

/** The people of a waitlist. */
export function SubscribersPage(props: SubscribersPageProps) {
  const { frame, waitlist, found, problem, address, limit, isAdmin, now, notice, dialog } = props
  const { needle } = address
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}`
  return (
    <PageLayout title={waitlist.name} frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <Crumbs above={[['Waitlists', `/o/${frame.organisation?.slug}/waitlists`]]} />
          <h1>
            <bdi>{waitlist.name}</bdi> {waitlist.archived_at ? <span class="badge">Archived</span> : null}
          </h1>
          <p class="row">
            <span class="visually-hidden">Waitlist ID</span> <code id="waitlist-id">{waitlist.id}</code>
            <CopyButton target="waitlist-id" />
          </p>
          {waitlist.description ? <p class="description">{waitlist.description}</p> : null}
        </div>
        {isAdmin ? (
          <div class="row">
            <a class="button plain" href={`${base}/setup`}>
              Set up
            </a>
            {found.total > 0 ? <Export base={base} needle={needle} /> : null}
            {waitlist.archived_at ? null : (
              <>
                <a class="button plain" href={`${base}/import`}>
                  Import CSV
                </a>
                <a class="button" id="add-subscriber" href={`${base}/add`}>
                  Add subscriber
                </a>
              </>
            )}
          </div>
        ) : null}
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {waitlist.archived_at ? (
        <Notice kind="warn">
          This waitlist is archived: it takes no signups, and its API answers 404.{' '}
          {isAdmin ? <a href={`${base}/setup#danger`}>Restore it under Set up</a> : null}
        </Notice>
      ) : null}
      {waitlist.subscriber_count > 0 ? <Search address={address} /> : null}
      {problem ? (
        <Notice kind="warn">{problem.message}</Notice>
      ) : found.items.length > 0 ? (
        <SubscribersTable items={found.items} address={address} now={now} />
      ) : (
        <Empty {...{ address, found, mayAdd: isAdmin, isArchived: waitlist.archived_at !== null }} />
      )}
      {found.total > 0 ? <SubscriberPages found={found} address={address} limit={limit} /> : null}
    </PageLayout>
  )
}

function Empty(props: { address: SubscribersAddress; found: SubscribersFound; mayAdd: boolean; isArchived: boolean }) {
  const { address, mayAdd, isArchived } = props
  const { total, isExact } = props.found
  const { base, needle } = address
  const [heading, words] =
    total > 0
      ? ['This page is past the end', 'There are fewer people here by now.']
      : needle
        ? [
            'Nobody found',
            isExact ? `“${needle}” is not on this waitlist.` : `No email on this waitlist contains “${needle}”.`,
          ]
        : mayAdd && !isArchived
          ? [
              'Nobody has joined yet',
              'Add the first person by hand, import a file, or let your backend do it: create an API key with the permission Create subscribers, and use the id above.',
            ]
          : isArchived
            ? ['Nobody joined', 'This waitlist was archived before anybody did.']
            : ['Nobody has joined yet', 'Whoever joins this waitlist shows up here.']
  return (
    <div class="empty">
      <h2>{heading}</h2>
      <p>{words}</p>
      {total > 0 ? (
        <a class="button plain" href={base}>
          To the first page
        </a>
      ) : null}
    </div>
  )
}

function Search({ address: { base, needle, sort } }: { address: SubscribersAddress }) {
  return (
    <form method="get" action={base} class="filters" role="search">
      <div class="field grow">
        <label for="q">Search by e-mail</label>
        <input class="input" id="q" name="q" type="search" value={needle} maxlength={254} />
      </div>
      <div class="field">
        <label for="sort">Order</label>
        <select class="input" id="sort" name="sort">
          {Object.entries(sortOrders).map(([name, { label }]) => (
            <option value={name} selected={name === sort}>
              {label}
            </option>
          ))}
        </select>
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
    <form method="post" action={`${base}/export`} data-download>
      {needle ? <input type="hidden" name="q" value={needle} /> : null}
      <button type="submit" class="button plain">
        {needle ? 'Export these as CSV' : 'Export CSV'}
      </button>
    </form>
  )
}

export function AddSubscriberDialog(props: { frame: Frame; base: string; email?: string; error?: AppError }) {
  const { frame, base, email = '', error } = props
  return (
    <Dialog id="add" title="Add a subscriber" closeHref={`${base}#add-subscriber`}>
      <FormProblem error={error} />
      <form method="post" action={`${base}/add`} class="stack">
        <FormOwner frame={frame} />
        <Field
          name="email"
          label="E-mail"
          type="text"
          value={email}
          required
          autofocus
          autocomplete="off"
          problems={error?.errors ?? []}
          hint="Somebody who is on the list already keeps their place."
        />
        <DialogActions closeHref={`${base}#add-subscriber`} verb="Add subscriber" />
      </form>
    </Dialog>
  )
}
