import { CardTable } from '../../platform/ui/card-table.tsx'
import { type ImportReading, rowOutcomes } from './import.ts'
import type { ImportPreview } from './preview-import.ts'

const numbers = new Intl.NumberFormat('en')
const shownCharacters = 80
/** A file can give each row a reason of its own. */
const maxReasons = 20

const words: Record<string, { label: string; kind: string }> = {
  added: { label: 'Will be added', kind: 'good' },
  confirmed: { label: 'Will be confirmed', kind: 'good' },
  'already there': { label: 'Already there', kind: '' },
  refused: { label: 'Refused', kind: 'bad' },
}

/** What an import would do, by what has been looked at. */
export function Foreseen({ preview, reading }: { preview: ImportPreview; reading: ImportReading }) {
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
          {[...preview.refusals].slice(0, maxReasons).map(([reason, count]) => (
            <li>
              {numbers.format(count)} refused: <bdi>{reason}</bdi>
            </li>
          ))}
          {preview.refusals.size > maxReasons ? <li>and more for other reasons</li> : null}
        </ul>
      ) : null}
      {preview.rows.length > 0 ? <FirstRows rows={preview.rows} reading={reading} /> : null}
    </section>
  )
}

function FirstRows({ rows, reading }: { rows: ImportPreview['rows']; reading: ImportReading }) {
  const cell = (cells: string[], column: number | null) => (column === null ? '' : short(cells[column] ?? ''))
  return (
    <CardTable caption="The first rows" columns={['E-mail', 'Joined', 'What will happen']}>
      {rows.map(({ cells, outcome, reason }) => {
        const { result } = rowOutcomes[outcome]
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
                <bdi class="small quiet">{reason}</bdi>
              </span>
            </td>
          </tr>
        )
      })}
    </CardTable>
  )
}

/** What a cell says, as far as there is room. */
export function short(text: string): string {
  const characters = [...text.slice(0, shownCharacters * 2)]
  return characters.length > shownCharacters ? `${characters.slice(0, shownCharacters).join('')}…` : characters.join('')
}
