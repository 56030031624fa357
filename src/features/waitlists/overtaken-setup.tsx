import { Notice } from '../../platform/ui/message-page.tsx'
import type { SetupChange } from './find-setup-changes.ts'
import { setupFieldLabels } from './waitlist-setup.ts'

/** Of a long description the beginning is enough to know it by. */
const quotedLetters = 200

/** What others saved while somebody was editing, told to whoever saved later. */
export function Overtaken({ changes }: { changes: SetupChange[] }) {
  const people = [...new Set(changes.map((change) => change.by))]
  const contested = changes.some((change) => change.isContested)
  return (
    <Notice kind="warn">
      <p>
        <strong>
          <bdi>{people.join(' and ') || 'Somebody else'}</bdi> saved this waitlist while you were editing. Nothing of
          yours is saved yet.
        </strong>
      </p>
      <ul class="plain-list">
        {changes.map((change) => (
          <li>
            {setupFieldLabels[change.field]}
            {change.before === undefined ? ' is now ' : <> went from {inWords(change, change.before)} to </>}
            {inWords(change, change.now)} (<bdi>{change.by}</bdi>)
          </li>
        ))}
      </ul>
      <p>
        {contested
          ? 'Where you both changed the same, your words are in the form and theirs stand below. Save again to keep yours.'
          : 'Their changes are in the form beside yours. Save again to keep both.'}
      </p>
    </Notice>
  )
}

/** Beside a field that both changed: what it is now. */
export function Theirs({ change }: { change: SetupChange | undefined }) {
  if (!change?.isContested) return null
  return (
    <p class="theirs">
      Now, by <bdi>{change.by}</bdi>: {inWords(change, change.now)}
    </p>
  )
}

function inWords({ field }: SetupChange, value: SetupChange['now']) {
  if (field === 'referrals_enabled') return value ? 'on' : 'off'
  if (value === '') return 'nothing'
  if (typeof value !== 'string') return value
  const letters = [...value]
  return <q class="quoted">{letters.length > quotedLetters ? `${letters.slice(0, quotedLetters).join('')}…` : value}</q>
}
