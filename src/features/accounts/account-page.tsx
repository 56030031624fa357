import type { Child } from 'hono/jsx'
import type { AppError } from '../../platform/errors.ts'
import type { Person } from '../../platform/http/app-env.ts'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'
import { ConfirmAddressForm } from './confirm-address-form.tsx'
import type { Session } from './sessions.ts'
import { SessionsTable } from './sessions-table.tsx'
import type { TwoFactor } from './two-factor.ts'
import { TwoFactorCard } from './two-factor-card.tsx'

interface AccountPageProps {
  frame: Frame
  person: Person
  typed: { name?: string; email?: string }
  pendingEmail: string | undefined
  isUnconfirmed: boolean
  twoFactor: TwoFactor | undefined
  signedIn: { sessions: Session[]; areMore: boolean }
  organisations: { slug: string; name: string; deleted_at: Date | null }[]
  /** There are further organisations, on a page of their own. */
  areMore: boolean
  now: Date
  notice?: string | undefined
  error?: AppError | undefined
  dialog?: Child
}

export function AccountPage(props: AccountPageProps) {
  const {
    frame,
    person,
    typed,
    pendingEmail,
    isUnconfirmed,
    twoFactor,
    signedIn,
    organisations,
    areMore,
    now,
    notice,
    error,
    dialog,
  } = props
  const problems = error?.errors ?? []
  return (
    <PageLayout title="Account" frame={frame} dialog={dialog}>
      <div class="page-head">
        <h1>Account</h1>
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      {error && problems.length === 0 ? <Notice kind="bad">{error.message}</Notice> : null}
      <div class="stack-large">
        <form method="post" action="/account/name" class="card stack">
          <h2>Name</h2>
          <Field
            name="name"
            label="Your name"
            value={typed.name ?? person.name}
            required
            autocomplete="name"
            problems={problems}
            hint="What the Activity log calls you from now on."
          />
          <div>
            <button type="submit" class="button">
              Save name
            </button>
          </div>
        </form>
        <EmailCard {...{ isUnconfirmed, error }} email={person.email} pending={pendingEmail} typed={typed.email} />
        <form method="post" action="/account/password" class="card stack">
          <h2>Password</h2>
          <input type="text" name="username" autocomplete="username" value={person.email} hidden readonly />
          <Field
            name="current_password"
            label="Current password"
            type="password"
            autocomplete="current-password"
            required
            problems={problems}
          />
          <Field
            name="password"
            label="New password"
            type="password"
            autocomplete="new-password"
            required
            problems={problems}
            hint="At least 10 characters. You will be signed out everywhere else."
          />
          <div>
            <button type="submit" class="button">
              Change password
            </button>
          </div>
        </form>
        <TwoFactorCard twoFactor={twoFactor} now={now} />
        <SessionsTable {...signedIn} ownId={person.sessionId} now={now} />
        {organisations.length > 0 ? (
          <section class="card stack">
            <h2>Organisations</h2>
            <ul class="stack">
              {organisations.map((organisation) => (
                <li class="row">
                  <a href={`/o/${organisation.slug}/waitlists`}>
                    <bdi>{organisation.name}</bdi>
                  </a>
                  {organisation.deleted_at ? (
                    <span class="badge bad">Deleted</span>
                  ) : (
                    <a class="button danger-quiet small" href={`/o/${organisation.slug}/members/${person.id}/remove`}>
                      Leave<span class="visually-hidden"> {organisation.name}</span>
                    </a>
                  )}
                </li>
              ))}
            </ul>
            {areMore ? (
              <p>
                These are the {organisations.length} you joined last.{' '}
                <a href="/organisations">All your organisations</a>
              </p>
            ) : null}
          </section>
        ) : null}
        <section class="card stack">
          <h2>Delete your account</h2>
          <p>You leave every organisation, and nobody can undo it.</p>
          <div>
            <a class="button danger-quiet" id="delete-account" href="/account/delete">
              Delete account
            </a>
          </div>
        </section>
      </div>
    </PageLayout>
  )
}

function EmailCard(props: {
  email: string
  isUnconfirmed: boolean
  pending: string | undefined
  typed: string | undefined
  error: AppError | undefined
}) {
  const { email, isUnconfirmed, pending, typed, error } = props
  return (
    <section class="card stack" id="email-card">
      <h2>E-mail address</h2>
      <p>
        You sign in as <strong>{email}</strong>.
      </p>
      {isUnconfirmed ? (
        <div class="row">
          <p>This address was never confirmed.</p>
          <ConfirmAddressForm email={email} />
        </div>
      ) : null}
      {pending ? (
        <form method="post" action="/account/email/cancel" class="row">
          <p>
            <strong>{pending}</strong> waits to be confirmed: open the link that was sent there.
          </p>
          <button type="submit" class="button plain small">
            Keep the old one
          </button>
        </form>
      ) : null}
      <form method="post" action="/account/email" class="stack">
        <Field
          name="email"
          label="New address"
          type="email"
          autocomplete="email"
          required
          value={typed ?? ''}
          problems={error?.errors ?? []}
          hint="We send a link there. Until it is opened nothing changes."
        />
        <div>
          <button type="submit" class="button">
            Change address
          </button>
        </div>
      </form>
    </section>
  )
}
