import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { BarPlot } from '../../platform/ui/bar-plot.tsx'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { Dialog, DialogActions } from '../../platform/ui/dialog.tsx'
import { Field, FormProblem } from '../../platform/ui/field.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { LimitNotice } from '../plans/limit-notice.tsx'
import type { Waitlist } from './waitlist.ts'

const counts = new Intl.NumberFormat('en')

/** How far back the plots go. */
export const plottedDays = 14

/** Added, not joined: a file counts on the day it is imported, whatever dates it brings. */
const plotHead = `Added, last ${plottedDays} days`

interface WaitlistsPageProps {
  frame: Frame
  waitlists: Waitlist[]
  /** Of the last days, today last, for those that somebody joined. */
  joins: Map<string, number[]>
  mayCreate: boolean
  now: Date
  dialog?: Child
}

/** The waitlists of an organisation. */
export function WaitlistsPage({ frame, waitlists, joins, mayCreate, now, dialog }: WaitlistsPageProps) {
  const base = `/o/${frame.organisation?.slug}/waitlists`
  const create = (label: string, style: string) =>
    mayCreate ? (
      <a class={style} id="create-waitlist" href={`${base}/new`}>
        {label}
      </a>
    ) : null
  return (
    <PageLayout title="Waitlists" frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <h1>Waitlists</h1>
          <p>Each one is a line of its own: people join, and everybody has a place.</p>
        </div>
        {waitlists.length > 0 ? create('Create waitlist', 'button') : null}
      </div>
      {waitlists.length === 0 ? (
        <div class="empty">
          <h2>No waitlists yet</h2>
          <p>
            A waitlist collects the people who want in, for a launch, a beta or a course. Your backend can add them with
            an API key, or you by hand.
          </p>
          {create('Create your first waitlist', 'button')}
        </div>
      ) : (
        <CardTable
          caption="Waitlists"
          columns={['Name', { label: 'Subscribers', right: true }, plotHead, 'Id', 'Created']}
        >
          {waitlists.map((waitlist) => (
            <tr>
              <td class="name" data-label="Name">
                <span>
                  <a href={`${base}/${waitlist.id}`}>
                    <bdi>{waitlist.name}</bdi>
                  </a>{' '}
                  {waitlist.archived_at ? <span class="badge">Archived</span> : null}
                </span>
              </td>
              <td class="right" data-label="Subscribers">
                {counts.format(waitlist.subscriber_count)}
              </td>
              <td data-label={plotHead}>
                <Joins counts={joins.get(waitlist.id)} />
              </td>
              <td data-label="Id">
                <code>{waitlist.id}</code>
              </td>
              <td data-label="Created">
                <RelativeTime at={waitlist.created_at} now={now} />
              </td>
            </tr>
          ))}
        </CardTable>
      )}
    </PageLayout>
  )
}

function Joins({ counts: days }: { counts: number[] | undefined }) {
  if (!days) return <span class="quiet">Nobody</span>
  const joined = days.reduce((sum, day) => sum + day, 0)
  const most = Math.max(...days)
  const label = `${counts.format(joined)} added in the last ${plottedDays} days (UTC), ${counts.format(most)} on the busiest, ${counts.format(days.at(-1) ?? 0)} today`
  return (
    <span class="plotted">
      <BarPlot counts={days} label={label} />
      <span class="number" aria-hidden="true">
        +{counts.format(joined)}
      </span>
    </span>
  )
}

export function CreateWaitlistDialog({
  base,
  nonce,
  name = '',
  planHref,
  error,
}: {
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
