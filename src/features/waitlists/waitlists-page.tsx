import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { countInWords } from '../../platform/ui/count-in-words.ts'
import { Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field, FormProblem } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { placeQuery, SeekPages, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import { LimitNotice } from '../plans/limit-notice.tsx'
import type { WaitlistPage } from './list-waitlists.ts'
import { WaitlistsTable } from './waitlists-table.tsx'

/** Which of an organisation's waitlists a page shows, as its address says it. */
export interface WaitlistsAddress {
  base: string
  needle: string
  archived: boolean
  place: SeekPlace
}

interface WaitlistsPageProps {
  frame: Frame
  list: WaitlistPage
  limit: number
  address: WaitlistsAddress
  /** Of the last days, today last, for those that somebody joined. */
  joins: Map<string, number[]>
  mayCreate: boolean
  now: Date
  dialog?: Child
}

/** The waitlists of an organisation. */
export function WaitlistsPage({ frame, list, limit, address, joins, mayCreate, now, dialog }: WaitlistsPageProps) {
  const { base, needle, archived, place } = address
  const all = archived ? list.archived : list.open
  const areAny = list.open + list.archived > 0
  // Who has few sees them all.
  const areMany = list.archived > 0 || archived || needle !== '' || list.open > 10
  const href = (to: SeekPlace) => toAddress(base, { ...queryOf(address), ...placeQuery(to) })
  return (
    <PageLayout title="Waitlists" frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Waitlists</h1>
          <p>Each one is a line of its own: people join, and everybody has a place.</p>
        </div>
        {mayCreate && areAny ? <Create base={base} label="Create waitlist" /> : null}
      </div>
      {areMany ? <Search address={address} open={list.open} archived={list.archived} /> : null}
      {list.items.length > 0 ? (
        <WaitlistsTable waitlists={list.items} joins={joins} base={base} now={now} />
      ) : (
        <Empty address={address} list={list} mayCreate={mayCreate} />
      )}
      {list.before || list.after ? (
        <SeekPages
          {...{ href, limit, page: place.page, shown: list.items.length, before: list.before, after: list.after }}
          {...(needle ? {} : { total: countInWords(all) })}
          noun={`${archived ? 'archived ' : ''}waitlists${needle ? ' found' : ''}`}
        />
      ) : null}
    </PageLayout>
  )
}

function queryOf({ needle, archived }: WaitlistsAddress): Record<string, string> {
  return { q: needle, show: archived ? 'archived' : '' }
}

function Create({ base, label }: { base: string; label: string }) {
  return (
    <a class="button" id="create-waitlist" href={`${base}/new`}>
      {label}
    </a>
  )
}

function Search(props: { address: WaitlistsAddress; open: number; archived: number }) {
  const { base, needle, archived } = props.address
  const kinds = [
    { value: '', label: `In use (${countInWords(props.open)})`, selected: !archived },
    { value: 'archived', label: `Archived (${countInWords(props.archived)})`, selected: archived },
  ]
  return (
    <form method="get" action={base} class="filters" role="search">
      <div class="field grow">
        <label for="q">Search by name</label>
        <input class="input" id="q" name="q" type="search" value={needle} maxlength={100} />
      </div>
      <div class="field">
        <label for="show">Show</label>
        <select class="input" id="show" name="show">
          {kinds.map(({ value, label, selected }) => (
            <option value={value} selected={selected}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" class="button plain">
        Search
      </button>
      {needle || archived ? <a href={base}>Show all in use</a> : null}
    </form>
  )
}

/** Why there is nothing, and one way on. */
function Empty({ address, list, mayCreate }: { address: WaitlistsAddress; list: WaitlistPage; mayCreate: boolean }) {
  const { base, needle, archived } = address
  const which = archived ? 'archived waitlist' : 'waitlist in use'
  const [heading, words] = needle
    ? ['Nothing found', `No ${which} has “${needle}” in its name.`]
    : archived
      ? ['No archived waitlists', 'A waitlist that is archived stands here, with everybody on it.']
      : list.archived > 0
        ? ['No waitlist is in use', 'All of them are archived. One can be restored under Set up.']
        : [
            'No waitlists yet',
            'A waitlist collects the people who want in, for a launch, a beta or a course. Your backend can add them with an API key, or you by hand.',
          ]
  const others = toAddress(base, { q: needle, show: archived ? '' : 'archived' })
  return (
    <div class="empty">
      <h2>{heading}</h2>
      <p>{words}</p>
      {list.open + list.archived === 0 ? (
        mayCreate ? (
          <Create base={base} label="Create your first waitlist" />
        ) : null
      ) : (
        <a class="button plain" href={others}>
          {needle ? 'Search' : 'See'} {archived ? 'those in use' : 'the archived ones'}
        </a>
      )}
    </div>
  )
}

export function CreateWaitlistDialog({
  frame,
  base,
  nonce,
  name = '',
  planHref,
  error,
}: {
  frame: Frame
  base: string
  nonce: string
  name?: string
  /** For those who may change the plan. */
  planHref: string | undefined
  error?: AppError | undefined
}) {
  return (
    <Dialog id="create" title="Create a waitlist" closeHref={`${base}#create-waitlist`}>
      {error?.code === 'limit_reached' ? (
        <LimitNotice error={error} planHref={planHref} />
      ) : (
        <FormProblem error={error} />
      )}
      <form method="post" action={base} class="stack">
        <FormOwner frame={frame} />
        <input type="hidden" name="form_nonce" value={nonce} />
        <Field
          name="name"
          label="Name"
          value={name}
          required
          autofocus
          autocomplete="off"
          problems={error?.errors ?? []}
          placeholder="Spring launch"
        />
        <DialogActions closeHref={`${base}#create-waitlist`} verb="Create waitlist" />
      </form>
    </Dialog>
  )
}
