import type { Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv, Person } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { wordsFor } from '../../platform/ui/words-for.ts'
import { findFewOrganisations } from '../organisations/list-own-organisations.ts'
import { AccountPage } from './account-page.tsx'
import { findPendingEmail } from './change-email.ts'
import { isAddressUnconfirmed } from './mailbox-proof.ts'
import { listSessions } from './sessions.ts'
import { findTwoFactor } from './two-factor.ts'

interface ShownAccount {
  error?: AppError
  /** What was typed and refused. */
  typed?: { name?: string; email?: string }
  dialog?: Child
  status?: number
  headers?: Record<string, string>
}

const notices: Record<string, string> = {
  name: 'Your name is saved.',
  password: 'Your password is changed.',
  sessions: 'You are signed out everywhere else.',
  session: 'That session is ended.',
  'two-factor-on': 'Two-factor sign-in is on. If you have not saved your recovery codes, make new ones.',
  'two-factor-off': 'Two-factor sign-in is off.',
  email: 'A link to confirm the new address is on its way. It lasts an hour.',
  address: 'A link to confirm your address is on its way. Open it in this browser within an hour.',
  'address-confirmed': 'Your email address is confirmed. You can turn on two-factor sign-in.',
  'email-cancelled': 'Your e-mail address stays as it is.',
  'email-confirmed': 'Your new e-mail address is confirmed. Sign in with it from now on.',
}

/** Answers a person's own page. */
export async function showAccount(
  c: HonoContext<AppEnv>,
  services: Services,
  person: Person,
  { error, typed = {}, dialog, status, headers }: ShownAccount = {},
) {
  const page = (
    <AccountPage
      frame={c.var.frame}
      person={person}
      typed={typed}
      pendingEmail={await findPendingEmail(services, person)}
      isUnconfirmed={await isAddressUnconfirmed(services, services.db.kysely, person.id)}
      twoFactor={await findTwoFactor(services, person.id)}
      signedIn={await listSessions(services, person)}
      {...(await findFewOrganisations(services, person.id))}
      now={services.now()}
      notice={error ? undefined : wordsFor(notices, c.req.query('saved'))}
      error={error}
      dialog={dialog}
    />
  )
  return renderPage(c, page, status ?? error?.status ?? 200, headers ?? error?.headers)
}

/** A refusal that the page can say in its place; anything else goes to the error page. */
export function showRefusal(
  c: HonoContext<AppEnv>,
  services: Services,
  person: Person,
  error: unknown,
  typed: ShownAccount['typed'] = {},
) {
  if (!(error instanceof AppError) || error.status >= 500) throw error
  return showAccount(c, services, person, { error, typed })
}

/** @throws AppError `unauthenticated`. */
export function requirePerson(c: HonoContext<AppEnv>): Person {
  if (c.var.person) return c.var.person
  throw new AppError('unauthenticated', 'Sign in first.')
}
