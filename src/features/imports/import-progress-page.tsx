import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { Notice } from '../../platform/ui/message-page.tsx'
import type { Frame } from '../../platform/ui/page-layout.tsx'
import { RelativeTime } from '../../platform/ui/relative-time.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import { canGoOn, type Import, type StopReason } from './import.ts'
import { ArchivedNotice, ImportLayout, StateBadge } from './import-page.tsx'

const numbers = new Intl.NumberFormat('en')

const stopReasons: Record<StopReason, string> = {
  archived: 'The waitlist was archived meanwhile, so it takes nobody in any more.',
  forbidden: 'Whoever started it may no longer add subscribers here.',
  ended: 'The command that ran it ended before the file did.',
  disk: 'This server is almost out of disk space. Continue once there is room again.',
  rows: 'The person who started it has imported very many rows lately. Continue tomorrow.',
  failed: 'Something unexpected happened over and over. It has been logged.',
}

interface ProgressPageProps {
  frame: Frame
  waitlist: Waitlist
  import: Import
  now: Date
  keptDays: number
  /** Why it does not go on. */
  error?: AppError | undefined
  dialog?: Child
}

/** How far an import has got, or how it ended. It can be left and come back to. */
export function ImportProgressPage(props: ProgressPageProps) {
  const { frame, waitlist, now, dialog } = props
  const one = props.import
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}/import/${one.id}`
  const isRunning = one.state === 'running'
  return (
    <ImportLayout
      frame={frame}
      waitlist={waitlist}
      title={isRunning ? 'Import under way' : 'Import'}
      dialog={dialog}
      lead={
        <>
          <bdi>{one.file_name}</bdi>, {one.began_with ? 'gone on with' : 'started'}{' '}
          <RelativeTime at={one.started_at ?? one.created_at} now={now} /> by <bdi>{one.started_by.name}</bdi>{' '}
          <StateBadge state={one.state} />
        </>
      }
    >
      {props.error && !waitlist.archived_at ? <Notice kind="bad">{props.error.message}</Notice> : null}
      <Ending {...props} />
      <div class="stack-large">
        <section class="card stack" id="import-progress" data-live={isRunning ? '' : undefined}>
          {isRunning ? <Progress import={one} /> : null}
          <Counts import={one} />
        </section>
        {canGoOn(one) && waitlist.archived_at ? <ArchivedNotice frame={frame} waitlist={waitlist} /> : null}
        {canGoOn(one) && !waitlist.archived_at ? (
          <form method="post" action={`${base}/continue`}>
            <button type="submit" class="button">
              Continue import
            </button>
          </form>
        ) : null}
        {isRunning ? (
          <div class="row">
            <noscript>
              <a class="button" href={base}>
                Refresh
              </a>
            </noscript>
            <a class="button plain" href={`${base}/cancel`} id="cancel-import">
              Cancel import
            </a>
          </div>
        ) : (
          <Results import={one} base={base} keptDays={props.keptDays} />
        )}
      </div>
    </ImportLayout>
  )
}

function Ending({ import: one }: ProgressPageProps) {
  if (one.state === 'done')
    return <Notice>{one.added > 0 ? 'The import is done.' : 'The import is done. Nobody new was in the file.'}</Notice>
  const reached =
    one.done_rows === 0
      ? 'No row was looked at, so nobody was added'
      : `Row ${numbers.format(one.done_rows)} was the last one looked at. Who was added until then stays`
  const stayed = `${reached}; ${
    canGoOn(one)
      ? 'it can go on with the next row, and nobody joins twice.'
      : 'a second import of the file goes on where this one ended, since nobody joins twice.'
  }`
  if (one.state === 'cancelled') return <Notice kind="warn">The import was cancelled. {stayed}</Notice>
  if (one.state === 'stopped')
    return (
      <Notice kind="bad">
        <p>{one.stopped_reason ? stopReasons[one.stopped_reason] : 'The import stopped.'}</p>
        <p>{stayed}</p>
      </Notice>
    )
  return null
}

function Progress({ import: one }: { import: Import }) {
  if (one.bytes === 0)
    return <p class="quiet">{numbers.format(one.done_rows)} rows so far. A command on the server reads them.</p>
  const percent = Math.floor((one.position / one.bytes) * 100)
  return (
    <div class="stack-small">
      <progress max={100} value={percent} aria-label="Progress of the import">
        {percent}%
      </progress>
      <p class="quiet">
        {numbers.format(one.done_rows)} of about {numbers.format(one.lines)} rows ({percent}%). You can leave this page
        and come back to it.
      </p>
    </div>
  )
}

function Counts({ import: one }: { import: Import }) {
  const facts: [string, number][] = [
    ['Added', one.added],
    ...(one.confirmed > 0 ? [['Confirmed', one.confirmed] as [string, number]] : []),
    ['Already there', one.already_there],
    ['Refused', one.refused],
  ]
  return (
    <dl class="counts">
      {facts.map(([label, count]) => (
        <div>
          <dt>{label}</dt>
          <dd>{numbers.format(count)}</dd>
        </div>
      ))}
    </dl>
  )
}

function Results({ import: one, base, keptDays }: { import: Import; base: string; keptDays: number }) {
  if (one.file_deleted_at) return <p class="quiet">The file and the results of its rows are no longer kept.</p>
  return (
    <section class="stack">
      <h2>Results</h2>
      <p class="quiet">
        Your file again, with what became of each row and why. It is kept for {keptDays} days, then deleted.
      </p>
      <div class="row">
        <form method="post" action={`${base}/results.csv`} data-download>
          <button type="submit" class="button plain">
            Download results
          </button>
        </form>
        {one.refused > 0 ? (
          <form method="post" action={`${base}/results.csv`} data-download>
            <button type="submit" class="button plain" name="only" value="refused">
              Download refused rows
            </button>
          </form>
        ) : null}
      </div>
    </section>
  )
}
