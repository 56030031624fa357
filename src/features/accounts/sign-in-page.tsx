import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { CarriedField } from './carried-field.tsx'

interface CredentialsProps {
  frame: Frame
  next?: string | undefined
  /** What was typed into a form before the session ended. */
  carried?: string | undefined
  email?: string | undefined
  error?: AppError | undefined
  notice?: { kind: 'good' | 'warn'; text: string } | undefined
  /** Whether whoever is here may make an account. */
  signUpOpen?: boolean
}

export function SignInPage({ frame, next, carried, email, error, notice, signUpOpen = true }: CredentialsProps) {
  return (
    <PageLayout title="Sign in" frame={frame} narrow>
      <form method="post" action="/sign-in" class="stack">
        <h1>Sign in</h1>
        {notice ? <Notice kind={notice.kind}>{notice.text}</Notice> : null}
        {error ? (
          <div class="banner bad" role="alert">
            {error.message}
          </div>
        ) : null}
        <CarriedField carried={carried} />
        <CredentialFields email={email} next={next} error={error} autocomplete="current-password" />
        <button type="submit" class="button">
          Sign in
        </button>
        <p class="row small">
          <a href="/forgot-password">Forgot your password?</a>
          {signUpOpen ? (
            <a href={next ? `/sign-up?next=${encodeURIComponent(next)}` : '/sign-up'}>Create an account</a>
          ) : null}
        </p>
      </form>
    </PageLayout>
  )
}

export function SignUpPage({ frame, next, email, error, notice }: CredentialsProps) {
  return (
    <PageLayout title="Create an account" frame={frame} narrow>
      <form method="post" action="/sign-up" class="stack">
        <h1>Create an account</h1>
        {notice ? <Notice kind={notice.kind}>{notice.text}</Notice> : null}
        {error && error.errors.length === 0 ? (
          <div class="banner bad" role="alert">
            {error.message}
          </div>
        ) : null}
        <CredentialFields
          email={email}
          next={next}
          error={error}
          autocomplete="new-password"
          hint="At least 10 characters. A sentence is easy to remember and hard to guess."
        />
        <button type="submit" class="button">
          Create account
        </button>
        <p class="small">
          Have an account? <a href={next ? `/sign-in?next=${encodeURIComponent(next)}` : '/sign-in'}>Sign in</a>
        </p>
      </form>
    </PageLayout>
  )
}

function CredentialFields(
  props: Pick<CredentialsProps, 'email' | 'next' | 'error'> & { autocomplete: string; hint?: string },
) {
  const problems = props.error?.errors ?? []
  return (
    <>
      {props.next ? <input type="hidden" name="next" value={props.next} /> : null}
      <Field
        name="email"
        label="E-mail"
        type="email"
        autocomplete="username"
        required
        value={props.email ?? ''}
        problems={problems}
        autofocus={!props.email}
      />
      <Field
        name="password"
        label="Password"
        type="password"
        autocomplete={props.autocomplete}
        required
        problems={problems}
        hint={props.hint}
      />
    </>
  )
}
