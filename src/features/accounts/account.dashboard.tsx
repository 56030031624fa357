import type { Hono } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import type { Services } from '../../platform/services.ts'
import { changePassword } from './change-password.ts'
import { deleteAccount } from './delete-account.ts'
import { DeleteAccountDialog } from './delete-account-dialog.tsx'
import { requireSignedInGuess } from './guess-limits.ts'
import { changeName } from './own-account.ts'
import { endSession } from './sessions.ts'
import { requirePerson, showAccount, showRefusal } from './show-account.tsx'
import { signOutElsewhere } from './sign-out-elsewhere.ts'

/** A person's own page: name, password, sessions. */
export function ownAccountRoutes(app: Hono<AppEnv>, services: Services): void {
  app.use('/account/*', async (c, next) => (c.var.person ? next() : c.redirect('/sign-in?next=/account', 303)))

  app.get('/account', (c) => showAccount(c, services, requirePerson(c)))

  app.post('/account/name', async (c) => {
    const person = requirePerson(c)
    const name = (await readForm(c)).text('name')
    try {
      await changeName(services, person, name)
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return showAccount(c, services, person, { typed: { name }, error })
    }
    return c.redirect('/account?saved=name', 303)
  })

  app.post('/account/password', async (c) => {
    const person = requirePerson(c)
    const form = await readForm(c)
    const given = { current: form.text('current_password'), wanted: form.text('password') }
    try {
      await requireSignedInGuess(services, person, c.var.meta)
      const by = { cookies: c.req.header('cookie'), meta: c.var.meta }
      for (const cookie of await changePassword(services, person, given, by))
        c.header('Set-Cookie', cookie, { append: true })
    } catch (error) {
      return showRefusal(c, services, person, error)
    }
    return c.redirect('/account?saved=password', 303)
  })

  app.post('/account/sessions/:id/end', async (c) => {
    const person = requirePerson(c)
    const id = c.req.param('id')
    await endSession(services, person, id)
    return c.redirect(id === person.sessionId ? '/' : '/account?saved=session', 303)
  })

  app.post('/account/sign-out-elsewhere', async (c) => {
    for (const cookie of await signOutElsewhere(services, requirePerson(c), c.req.header('cookie')))
      c.header('Set-Cookie', cookie, { append: true })
    return c.redirect('/account?saved=sessions', 303)
  })

  app.get('/account/delete', (c) => {
    const person = requirePerson(c)
    return showAccount(c, services, person, { dialog: <DeleteAccountDialog email={person.email} /> })
  })

  app.post('/account/delete', async (c) => {
    const person = requirePerson(c)
    const typed = (await readForm(c)).text('confirmation')
    try {
      await deleteAccount(services, person, { confirmation: typed }, c.var.meta)
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const dialog = <DeleteAccountDialog email={person.email} typed={typed} error={error} />
      return showAccount(c, services, person, { dialog, status: error.status })
    }
    return c.redirect('/sign-in?done=deleted', 303)
  })
}
