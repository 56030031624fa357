import type { ApiKeyList } from './list-api-keys.ts'

interface OtherKeysProps {
  list: ApiKeyList
  /** What is counted, in the plural. */
  noun: string
  newest: string
  older: string
}

const counts = new Intl.NumberFormat('en')

/** Which of many keys one sees, and the way to the others. Nothing where all are there. */
export function OtherKeys({ list, noun, newest, older }: OtherKeysProps) {
  const { keys, total, before, next } = list
  if (keys.length === total) return null
  return (
    <nav class="pages" aria-label={`Pages of ${noun}`}>
      <p class="quiet">
        {counts.format(before + 1)}–{counts.format(before + keys.length)} of {counts.format(total)} {noun}
      </p>
      <div class="row">
        {before > 0 ? <a href={newest}>Newest</a> : null}
        {next ? (
          <a href={older} rel="next">
            Older
          </a>
        ) : null}
      </div>
    </nav>
  )
}
