import type { Hono, Context as HonoContext } from 'hono'
import { AppError, fieldError } from '../../platform/errors.ts'
import type { AppEnv, Person } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { nameSchema } from '../../platform/name-schema.ts'
import { parseInput } from '../../platform/parse-input.ts'
import type { Services } from '../../platform/services.ts'
import { listOrganisationsOf } from '../organisations/list-organisations.ts'
import { AccountPage } from './account-page.tsx'
import type { Accounts } from './accounts.ts'
import { passwordSchema } from './create-person.ts'
import { changeName, countOtherSessions, signOutElsewhere } from './own-account.ts'
import { isRefusal } from './sign-in.ts'
import { requireToken } from './sign-in-limits.ts'

const personNameSchema = nameSchema({ what: 'The name', maxCodePoints: 100, missing: 'Enter a name.' })
const passwordLimit = { perSecond: 1 / 10, burst: 20 }

/** A person's own page: name, password, sessions elsewhere. */
export function ownAccountRoutes(app: Hono<AppEnv>, services: Services, accounts: Accounts): void {
  const show = async (
    c: HonoContext<AppEnv>,
    person: Person,
    shown: { notice?: string; error?: AppError; name?: string } = {},
  ) => {
    const otherSessions = await countOtherSessions(services, person)
    const page = (
      <AccountPage
        frame={c.var.frame}
        name={shown.name ?? person.name}
        otherSessions={otherSessions}
        personId={person.id}
        organisations={await listOrganisationsOf(services, person.id)}
        notice={shown.notice}
        error={shown.error}
      />
    )
    return renderPage(c, page, shown.error?.status ?? 200)
  }

  app.use('/account/*', async (c, next) => (c.var.person ? next() : c.redirect('/sign-in?next=/account', 303)))

  app.get('/account', (c) => {
    const notice = {
      name: 'Your name is saved.',
      password: 'Your password is changed.',
      sessions: 'You are signed out everywhere else.',
    }[c.req.query('saved') ?? '']
    return show(c, requirePerson(c), notice ? { notice } : {})
  })

  app.post('/account/name', async (c) => {
    const person = requirePerson(c)
    const typed = (await readForm(c)).text('name')
    const parsed = personNameSchema.safeParse(typed)
    if (!parsed.success)
      return show(c, person, {
        name: typed,
        error: fieldError('name', 'format', parsed.error.issues[0]?.message ?? ''),
      })
    await changeName(services, person, parsed.data)
    return c.redirect('/account?saved=name', 303)
  })

  app.post('/account/password', async (c) => {
    const person = requirePerson(c)
    const form = await readForm(c)
    await requireToken(services, `password:${person.id}`, passwordLimit)
    const password = form.text('password')
    try {
      parseInput(passwordSchema, password)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      return show(c, person, { error: fieldError('password', 'too_short', error.message) })
    }
    try {
      const { headers } = await accounts.api.changePassword({
        body: { currentPassword: form.text('current_password'), newPassword: password, revokeOtherSessions: true },
        headers: new Headers({ cookie: c.var.cookies }),
        returnHeaders: true,
      })
      for (const cookie of headers.getSetCookie()) c.header('Set-Cookie', cookie, { append: true })
    } catch (error) {
      if (!isRefusal(error)) throw error
      return show(c, person, { error: fieldError('current_password', 'refused', 'This is not your current password.') })
    }
    return c.redirect('/account?saved=password', 303)
  })

  app.post('/account/sign-out-elsewhere', async (c) => {
    const person = requirePerson(c)
    await signOutElsewhere(services, person)
    return c.redirect('/account?saved=sessions', 303)
  })
}

function requirePerson(c: HonoContext<AppEnv>): Person {
  if (c.var.person) return c.var.person
  throw new AppError('unauthenticated', 'Sign in first.')
}
