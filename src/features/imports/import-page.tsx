import type { Child } from 'hono/jsx'
import type { SeekPage } from '../../platform/db/seek.ts'
import type { AppError } from '../../platform/errors.ts'
import { toAddress } from '../../platform/ui/address.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { Crumbs } from '../../platform/ui/crumbs.tsx'
import { Problems, problemsOf } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import { placeQuery, SeekPages, type SeekPlace } from '../../platform/ui/seek-pages.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import { exampleFilePath } from './example-file.ts'
import type { Import, ImportState } from './import.ts'

export const importsOnPage = 20

const numbers = new Intl.NumberFormat('en')

const states: Record<ImportState, { label: string; kind: string }> = {
  uploading: { label: 'Uploading', kind: '' },
  uploaded: { label: 'Not started', kind: 'warn' },
  running: { label: 'Running', kind: 'accent' },
  done: { label: 'Done', kind: 'good' },
  cancelled: { label: 'Cancelled', kind: '' },
  stopped: { label: 'Stopped', kind: 'bad' },
}

export function StateBadge({ state }: { state: ImportState }) {
  return <span class={`badge ${states[state].kind}`}>{states[state].label}</span>
}

/** The head of the pages of an import, with the way back to the waitlist. */
export function ImportLayout(props: {
  frame: Frame
  waitlist: Waitlist
  title: string
  lead: Child
  /** For the page that the others are below. */
  isStart?: boolean
  dialog?: Child
  children?: Child
}) {
  const { frame, waitlist, title, lead, isStart, dialog, children } = props
  const waitlists = `/o/${frame.organisation?.slug}/waitlists`
  return (
    <PageLayout title={`${title} · ${waitlist.name}`} frame={frame} current="waitlists" dialog={dialog}>
      <div class="page-head">
        <div>
          <Crumbs
            above={[
              ['Waitlists', waitlists],
              [waitlist.name, `${waitlists}/${waitlist.id}`],
              ...(isStart ? [] : [['Import subscribers', `${waitlists}/${waitlist.id}/import`] as const]),
            ]}
          />
          <h1>{title}</h1>
          <p>{lead}</p>
        </div>
      </div>
      {children}
    </PageLayout>
  )
}

/** Where a file is chosen, and the imports there have been. */
export function ImportPage(props: {
  frame: Frame
  waitlist: Waitlist
  imports: SeekPage<Import>
  place: SeekPlace
  nonce: string
  now: Date
  discarded: boolean
  error?: AppError | undefined
}) {
  const { frame, waitlist, imports, place, nonce, now, discarded, error } = props
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}/import`
  return (
    <ImportLayout
      frame={frame}
      waitlist={waitlist}
      title="Import subscribers"
      isStart
      lead={
        <>
          Add people from a CSV file to <bdi>{waitlist.name}</bdi>. You see what will happen before anything does.
        </>
      }
    >
      {discarded ? <Notice>The file is deleted, and nobody was added.</Notice> : null}
      <div class="stack-large">
        {waitlist.archived_at ? (
          <ArchivedNotice frame={frame} waitlist={waitlist} />
        ) : (
          <ChooseFile action={`${base}?form_nonce=${nonce}`} error={error} />
        )}
        {imports.items.length > 0 ? <EarlierImports {...{ base, imports, place, now }} /> : null}
      </div>
    </ImportLayout>
  )
}

/** Why nothing is imported, and the way out. */
export function ArchivedNotice({ frame, waitlist }: { frame: Frame; waitlist: Waitlist }) {
  return (
    <Notice kind="warn">
      This waitlist is archived: it takes nobody in.{' '}
      <a href={`/o/${frame.organisation?.slug}/waitlists/${waitlist.id}/setup#danger`}>Restore it under Set up</a>
    </Notice>
  )
}

function ChooseFile({ action, error }: { action: string; error: AppError | undefined }) {
  const problems = problemsOf(error?.errors ?? [], 'file')
  return (
    <form method="post" action={action} enctype="multipart/form-data" class="card stack" data-drop-file="">
      <div class="field">
        <label for="file">CSV file</label>
        <input
          class="input"
          id="file"
          name="file"
          type="file"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          required
          aria-invalid={problems.length > 0 ? 'true' : undefined}
          aria-describedby={problems.length > 0 ? 'file-hint file-problem' : 'file-hint'}
        />
        <p class="hint" id="file-hint">
          With a column of e-mail addresses, and perhaps one that says when each person joined. Up to 256 MB. The order
          of the rows is the order in line. You can drag a file here. See an{' '}
          <a href={exampleFilePath} download>
            example file
          </a>
          .
        </p>
        <Problems id="file-problem" problems={problems} />
      </div>
      <div>
        <button type="submit" class="button">
          Upload and preview
        </button>
      </div>
    </form>
  )
}

function EarlierImports(props: { base: string; imports: SeekPage<Import>; place: SeekPlace; now: Date }) {
  const { base, imports, place, now } = props
  const { items, before, after } = imports
  return (
    <section class="stack">
      <h2>Imports of this waitlist</h2>
      <CardTable
        caption="Imports of this waitlist"
        columns={['File', 'State', 'Created', { label: 'Added', right: true }, { label: 'Refused', right: true }]}
      >
        {items.map((one) => (
          <tr>
            <td class="name cell" data-label="File">
              <a href={`${base}/${one.id}`}>
                <bdi>{one.file_name}</bdi>
              </a>
            </td>
            <td data-label="State">
              <StateBadge state={one.state} />
            </td>
            <td data-label="Created">
              <span>
                <RelativeTime at={one.created_at} now={now} /> by <bdi>{one.started_by.name}</bdi>
              </span>
            </td>
            <td class="right" data-label="Added">
              {numbers.format(one.added + one.confirmed)}
            </td>
            <td class="right" data-label="Refused">
              {numbers.format(one.refused)}
            </td>
          </tr>
        ))}
      </CardTable>
      {before || after ? (
        <SeekPages
          href={(to) => toAddress(base, placeQuery(to))}
          {...{ page: place.page, limit: importsOnPage, shown: items.length, before, after, noun: 'imports' }}
          label="Pages of imports"
        />
      ) : null}
    </section>
  )
}
