import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import { CardTable } from '../../platform/ui/card-table.tsx'
import { Problems, problemsOf } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import type { Frame } from '../../platform/ui/page-layout.tsx'
import type { Waitlist } from '../waitlists/waitlist.ts'
import { delimiters } from './guess-reading.ts'
import { type Import, type ImportReading, type RowOutcome, rowOutcomes } from './import.ts'
import { ArchivedNotice, ImportLayout } from './import-page.tsx'
import type { ImportPreview } from './preview-import.ts'

const numbers = new Intl.NumberFormat('en')
const shownCharacters = 80

const words: Record<string, { label: string; kind: string }> = {
  added: { label: 'Will be added', kind: 'good' },
  confirmed: { label: 'Will be confirmed', kind: 'good' },
  'already there': { label: 'Already there', kind: '' },
  refused: { label: 'Refused', kind: 'bad' },
}

type ColumnName = 'email' | 'joined_at' | 'referred_by' | 'referral_code' | 'state'

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
      {error && error.status !== 422 ? <Notice kind="bad">{error.message}</Notice> : null}
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
        <section class="card stack">
          <h2>Columns</h2>
          <div class="matching">
            <ColumnSelect name="email" label="E-mail" none="Choose a column" {...props} />
            <ColumnSelect name="joined_at" label="Joined" none="None: the time of the import" {...props} />
            <ColumnSelect
              name="referred_by"
              label="Referred by"
              none="None"
              hint="The code of whoever brought them: in the file’s own codes, if it has some, or else in this waitlist’s."
              {...props}
            />
            <ColumnSelect
              name="referral_code"
              label="Own code"
              none="None"
              hint="The code of the row’s person, by which other rows name them."
              {...props}
            />
            <ColumnSelect name="state" label="State" none="None" hint="Rows that say “pending” stay out." {...props} />
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
          </div>
          <label class="check">
            <input type="checkbox" name="has_header" value="on" checked={reading.has_header} />
            <span>The first row holds the names of the columns</span>
          </label>
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
        {Array.from({ length: Math.min(preview.width, 200) }, (_, at) => (
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

function Foreseen({ preview, reading }: { preview: ImportPreview; reading: ImportReading }) {
  const { counts, lookedAt, isWhole } = preview
  const facts: [string, number][] = [
    ['will be added', counts.added],
    ['will be confirmed', counts.confirmed],
    ['already there', counts.already_there],
    ['refused', counts.refused],
  ]
  return (
    <section class="stack" id="preview">
      <h2>What will happen</h2>
      <p>
        {isWhole
          ? `Of the ${lookedAt === 1 ? '1 row' : `${numbers.format(lookedAt)} rows`} of the file: `
          : `Of the first ${numbers.format(lookedAt)} rows: `}
        {facts
          .filter(([label, count]) => count > 0 || label === 'will be added')
          .map(([label, count]) => `${numbers.format(count)} ${label}`)
          .join(', ')}
        .
      </p>
      {preview.refusals.size > 0 ? (
        <ul class="refusals">
          {[...preview.refusals].map(([outcome, count]) => (
            <li>
              {numbers.format(count)} refused: {rowOutcomes[outcome].reason}
            </li>
          ))}
        </ul>
      ) : null}
      {preview.rows.length > 0 ? <FirstRows rows={preview.rows} reading={reading} /> : null}
    </section>
  )
}

function FirstRows({ rows, reading }: { rows: { cells: string[]; outcome: RowOutcome }[]; reading: ImportReading }) {
  const cell = (cells: string[], column: number | null) => (column === null ? '' : short(cells[column] ?? ''))
  return (
    <CardTable caption="The first rows" columns={['E-mail', 'Joined', 'What will happen']}>
      {rows.map(({ cells, outcome }) => {
        const { result, reason } = rowOutcomes[outcome]
        return (
          <tr>
            <td class="name cell" data-label="E-mail">
              <bdi>{cell(cells, reading.email) || '–'}</bdi>
            </td>
            <td class="cell" data-label="Joined">
              <bdi>{cell(cells, reading.joined_at) || '–'}</bdi>
            </td>
            <td data-label="What will happen">
              <span>
                <span class={`badge ${words[result]?.kind ?? ''}`}>{words[result]?.label ?? result}</span>{' '}
                <span class="small quiet">{reason}</span>
              </span>
            </td>
          </tr>
        )
      })}
    </CardTable>
  )
}

function short(text: string): string {
  const characters = [...text.slice(0, shownCharacters * 2)]
  return characters.length > shownCharacters ? `${characters.slice(0, shownCharacters).join('')}…` : characters.join('')
}
