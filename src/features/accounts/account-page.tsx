import type { AppError } from '../../platform/errors.ts'
import { Field } from '../../platform/ui/field.tsx'
import { Notice } from '../../platform/ui/message-page.tsx'
import { type Frame, PageLayout } from '../../platform/ui/page-layout.tsx'

interface AccountPageProps {
  frame: Frame
  name: string
  /** Sessions besides this one. */
  otherSessions: number
  personId: string
  organisations: { slug: string; name: string }[]
  notice?: string | undefined
  error?: AppError | undefined
}

export function AccountPage({ frame, name, otherSessions, personId, organisations, notice, error }: AccountPageProps) {
  const problems = error?.errors ?? []
  return (
    <PageLayout title="Account" frame={frame}>
      <div class="page-head">
        <h1>Account</h1>
      </div>
      {notice ? <Notice>{notice}</Notice> : null}
      <div class="stack-large">
        <form method="post" action="/account/name" class="card stack">
          <h2>Name</h2>
          <Field
            name="name"
            label="Your name"
            value={name}
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
        <form method="post" action="/account/password" class="card stack">
          <h2>Password</h2>
          <input type="text" name="username" autocomplete="username" value={frame.person?.email} hidden readonly />
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
        <form method="post" action="/account/sign-out-elsewhere" class="card stack">
          <h2>Other sessions</h2>
          <p>
            {otherSessions === 0
              ? 'You are signed in here only.'
              : `You are signed in at ${otherSessions === 1 ? 'one other place' : `${otherSessions} other places`}.`}
          </p>
          {otherSessions > 0 ? (
            <div>
              <button type="submit" class="button plain">
                Sign out everywhere else
              </button>
            </div>
          ) : null}
        </form>
        {organisations.length > 0 ? (
          <section class="card stack">
            <h2>Organisations</h2>
            <ul class="stack">
              {organisations.map((organisation) => (
                <li class="row">
                  <a href={`/o/${organisation.slug}/waitlists`}>{organisation.name}</a>
                  <a class="button danger-quiet small" href={`/o/${organisation.slug}/members/${personId}/remove`}>
                    Leave<span class="visually-hidden"> {organisation.name}</span>
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ) : null}
      </div>
    </PageLayout>
  )
}
