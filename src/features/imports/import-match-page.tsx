import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { Field, Problems, problemsOf } from '../../platform/ui/field.tsx'
import { FormOwner } from '../../platform/ui/form-owner.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import type { Frame } from '../../platform/ui/page-layout.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import type { ColumnName } from './column-names.ts'
import { delimiters } from './guess-reading.ts'
import type { Import, ImportReading } from './import.ts'
import { DateOrderChoice, StatusChoice } from './import-choices.tsx'
import { Foreseen, short } from './import-foreseen.tsx'
import { ArchivedNotice, ImportLayout } from './import-page.tsx'
import type { ImportPreview } from './preview-import.ts'

const numbers = new Intl.NumberFormat('en')
/** Of columns to choose from: a page with more would be too heavy. */
const maxColumns = 1_000

interface MatchPageProps {
  frame: Frame
  waitlist: Waitlist
  import: Import
  reading: ImportReading
  preview: ImportPreview
  /** What was chosen has changed since the preview was looked at. */
  changed: boolean
  error?: AppError | undefined
  dialog?: Child
}

/** Which column is what, and what will happen. */
export function ImportMatchPage(props: MatchPageProps) {
  const { frame, waitlist, reading, preview, changed, error } = props
  const base = `/o/${frame.organisation?.slug}/waitlists/${waitlist.id}/import/${props.import.id}`
  return (
    <ImportLayout
      frame={frame}
      waitlist={waitlist}
      title="Look at the file"
      dialog={props.dialog}
      lead={
        <>
          <bdi>{props.import.file_name}</bdi>: about {numbers.format(props.import.lines)} lines. Nobody has been added
          yet.
        </>
      }
    >
      {waitlist.archived_at ? <ArchivedNotice frame={frame} waitlist={waitlist} /> : null}
      {error && (error.status !== 422 || error.errors.length === 0) ? (
        <Notice kind="bad">{error.message}</Notice>
      ) : null}
      {changed ? (
        <Notice kind="warn">The columns have changed. Look at what will happen now, then start.</Notice>
      ) : null}
      {reading.encoding === 'utf-8' ? null : (
        <Notice kind="warn">
          The file is not UTF-8, so it is read as Windows-1252 (Latin-1). If letters look wrong below, save it as “CSV
          UTF-8” and upload it again.
        </Notice>
      )}
      <form method="post" action={base} class="stack-large">
        <FormOwner frame={props.frame} />
        <section class="card stack">
          <h2>Columns</h2>
          <div class="matching">
            <ColumnSelect name="email" label="E-mail" none="Choose a column" {...props} />
            <ColumnSelect name="joined_at" label="Joined" none="None: the time of the import" {...props} />
            <ColumnSelect
              name="referred_by"
              label="Referred by"
              none="None"
              hint="The referrer’s email or code: one of the file’s own codes if it has some, or else one of this waitlist."
              {...props}
            />
            <ColumnSelect
              name="referral_code"
              label="Own code"
              none="None"
              hint="The code of the row’s person, by which other rows name them."
              {...props}
            />
            <ColumnSelect
              name="state"
              label="State"
              none="None"
              hint="Only rows whose word means active are added."
              {...props}
            />
            <div class="field">
              <label for="delimiter">Cells are separated by</label>
              <select class="input" id="delimiter" name="delimiter">
                {Object.entries(delimiters).map(([delimiter, label]) => (
                  <option value={delimiter} selected={delimiter === reading.delimiter}>
                    {label}
                  </option>
                ))}
              </select>
            </div>
            <Field
              name="lead_rows"
              label="Rows to leave out at the top"
              value={String(reading.lead_rows ?? 0)}
              inputmode="numeric"
              problems={problemsOf(error?.errors ?? [], 'lead_rows')}
              hint="Titles above the names of the columns."
            />
          </div>
          <label class="check">
            <input type="checkbox" name="has_header" value="on" checked={reading.has_header} />
            <span>The first row after those holds the names of the columns</span>
          </label>
          {preview.hasOrder || reading.date_order ? (
            <DateOrderChoice
              order={reading.date_order ?? null}
              problems={problemsOf(error?.errors ?? [], 'date_order')}
            />
          ) : null}
          {preview.words.length > 0 ? (
            <StatusChoice words={preview.words} included={reading.include_status ?? []} isWhole={preview.isWhole} />
          ) : null}
          <Problems id="delimiter-problem" problems={problemsOf(error?.errors ?? [], 'delimiter')} />
          <div>
            <button type="submit" name="step" value="preview" class="button plain">
              Update preview
            </button>
          </div>
        </section>
        <Foreseen preview={preview} reading={reading} />
        <div class="row">
          {waitlist.archived_at ? null : (
            <button type="submit" name="step" value="start" class="button">
              Start import
            </button>
          )}
          <a class="button plain" href={`${base}/cancel`} id="cancel-import">
            Discard
          </a>
        </div>
      </form>
    </ImportLayout>
  )
}

function ColumnSelect(props: MatchPageProps & { name: ColumnName; label: string; none: string; hint?: string }) {
  const { name, label, none, hint, reading, preview } = props
  const problems = problemsOf(props.error?.errors ?? [], name)
  const chosen = reading[name]
  const offered = Array.from({ length: Math.min(preview.width, maxColumns) }, (_, at) => at)
  if (chosen !== null && chosen >= offered.length) offered.push(chosen)
  const sample = (at: number) => preview.rows.map(({ cells }) => cells[at] ?? '').find((cell) => cell !== '') ?? ''
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select
        class="input"
        id={name}
        name={name}
        aria-invalid={problems.length > 0 ? 'true' : undefined}
        aria-describedby={problems.length > 0 ? `${name}-problem` : hint ? `${name}-hint` : undefined}
      >
        <option value="">{none}</option>
        {offered.map((at) => (
          <option value={String(at)} selected={reading[name] === at}>
            {short([preview.header[at] || `Column ${at + 1}`, sample(at)].filter(Boolean).join(': '))}
          </option>
        ))}
      </select>
      {hint ? (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      ) : null}
      <Problems id={`${name}-problem`} problems={problems} />
    </div>
  )
}
