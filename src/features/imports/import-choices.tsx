import type { FieldProblem } from '../../platform/errors.ts'
import { Problems } from '../../platform/ui/field.tsx'
import type { DateOrder } from './imported-time.ts'
import type { ImportPreview } from './preview-import.ts'

const numbers = new Intl.NumberFormat('en')
/** Words that nobody knows can be as many as rows. */
const maxWords = 50

const orders: Record<DateOrder, { label: string; example: string }> = {
  day: { label: 'Day first', example: '3/4/2026 is 3 April 2026' },
  month: { label: 'Month first', example: '3/4/2026 is 4 March 2026' },
}

/** Asks how times such as `3/4/2026` are meant, where the file has some. */
export function DateOrderChoice({ order, problems }: { order: DateOrder | null; problems: FieldProblem[] }) {
  return (
    <fieldset class="stack-small" id="date-order" aria-describedby="date-order-hint">
      <legend class="legend">Day and month</legend>
      <p class="hint" id="date-order-hint">
        {order === null
          ? 'The file doesn’t tell whether the day or the month comes first. Choose one: until then, rows with such a date are refused.'
          : 'Some dates of the file can be read in two ways.'}
      </p>
      {(['day', 'month'] as const).map((value) => (
        <label class="check">
          <input type="radio" name="date_order" value={value} checked={order === value} />
          <span>
            {orders[value].label} <span class="hint">{orders[value].example}</span>
          </span>
        </label>
      ))}
      <Problems id="date-order-problem" problems={problems} />
    </fieldset>
  )
}

/** Lets people in whose state does not mean active, word by word. */
export function StatusChoice({
  words,
  included,
  isWhole,
}: {
  words: ImportPreview['words']
  included: readonly string[]
  isWhole: boolean
}) {
  return (
    <fieldset class="stack-small" id="status-words" aria-describedby="status-words-hint">
      <legend class="legend">Not active</legend>
      <p class="hint" id="status-words-hint">
        These words don’t mean that somebody is active, so their rows stay out. Tick a word to add its rows too: only
        people who agreed to hear from you.
        {isWhole ? '' : ' Rows further down with other such words stay out as well.'}
      </p>
      {words.slice(0, maxWords).map(({ key, word, count }) => (
        <label class="check">
          <input type="checkbox" name="include_status" value={key} checked={included.includes(key)} />
          <span>
            <bdi>{word}</bdi> <span class="hint">{count === 1 ? '1 row' : `${numbers.format(count)} rows`}</span>
          </span>
        </label>
      ))}
      {words.length > maxWords ? (
        <p class="hint">and {numbers.format(words.length - maxWords)} other words, whose rows stay out</p>
      ) : null}
    </fieldset>
  )
}
