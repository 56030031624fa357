import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { CarriedField } from './carried-field.tsx'

interface SignInCodeProps {
  frame: Frame
  next: string | undefined
  /** What was typed into a form before the session ended. */
  carried?: string | undefined
  isRecovery: boolean
  error?: AppError | undefined
}

/** Asks for the code once the password was right. */
export function SignInCodePage({ frame, next, carried, isRecovery, error }: SignInCodeProps) {
  const problems = error?.errors ?? []
  const query = new URLSearchParams({ ...(isRecovery ? {} : { with: 'recovery' }), ...(next ? { next } : {}) })
  const other = isRecovery ? 'Use a code of your app' : 'Use a recovery code instead'
  return (
    <PageLayout title="Enter your code" frame={frame} narrow>
      <form method="post" action="/sign-in/code" class="stack">
        <h1>{isRecovery ? 'Enter a recovery code' : 'Enter your code'}</h1>
        {error && problems.length === 0 ? <Notice kind="bad">{error.message}</Notice> : null}
        <CarriedField carried={carried} />
        {next ? <input type="hidden" name="next" value={next} /> : null}
        {isRecovery ? <input type="hidden" name="with" value="recovery" /> : null}
        {isRecovery ? (
          <Field
            name="code"
            label="Recovery code"
            autocomplete="off"
            placeholder="xxxx-xxxx-xxxx-xxxx"
            required
            autofocus
            problems={problems}
            hint="One of the ten you saved. Each works once."
          />
        ) : (
          <Field
            name="code"
            label="Code"
            autocomplete="one-time-code"
            inputmode="numeric"
            maxlength={20}
            required
            autofocus
            problems={problems}
            hint="The six digits that your app shows now."
          />
        )}
        <button type="submit" class="button">
          Sign in
        </button>
        <p class="row small">
          {carried ? (
            <button type="submit" name="ask" value={isRecovery ? 'app' : 'recovery'} class="link-button" formnovalidate>
              {other}
            </button>
          ) : (
            <a href={`/sign-in/code?${query}`}>{other}</a>
          )}
          <a href={next ? `/sign-in?next=${encodeURIComponent(next)}` : '/sign-in'}>Start again</a>
        </p>
      </form>
    </PageLayout>
  )
}
