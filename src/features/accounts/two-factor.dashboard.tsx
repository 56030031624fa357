import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv, Person } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { showOver } from '../../platform/http/show-over.tsx'
import type { Services } from '../../platform/services.ts'
import { confirmTwoFactor, endTwoFactor, renewRecoveryCodes } from './change-two-factor.ts'
import { requireSignedInGuess } from './guess-limits.ts'
import { isAddressUnconfirmed } from './mailbox-proof.ts'
import { prepareTwoFactor } from './pending-two-factor.ts'
import { requirePerson, showAccount } from './show-account.tsx'
import { findTwoFactor } from './two-factor.ts'
import {
  ConfirmFirstDialog,
  RecoveryCodesDialog,
  SetUpDialog,
  StartDialog,
  TurnOffDialog,
} from './two-factor-dialogs.tsx'

const on = '/account?saved=two-factor-on'

const byOf = (c: HonoContext<AppEnv>) => ({ cookies: c.req.header('cookie'), meta: c.var.meta })

function setCookies(c: HonoContext<AppEnv>, cookies: string[]): void {
  for (const cookie of cookies) c.header('Set-Cookie', cookie, { append: true })
}

/** Two-factor sign-in, turned on and off. The secret and the recovery codes are in the answer to a form alone. */
export function twoFactorRoutes(app: Hono<AppEnv>, services: Services): void {
  const setUp = async (c: HonoContext<AppEnv>, person: Person, status: number, error?: AppError) => {
    try {
      const secret = await prepareTwoFactor(services, person)
      const dialog = <SetUpDialog secret={secret} email={person.email} error={error} />
      return showAccount(c, services, person, { dialog, status, ...(error ? { headers: error.headers } : {}) })
    } catch (error) {
      // A form sent twice: it is on.
      if (error instanceof AppError && error.code === 'conflict') return c.redirect(on, 303)
      if (error instanceof AppError && error.code === 'forbidden') return confirmFirst(c, person, error.status)
      throw error
    }
  }

  const confirmFirst = (c: HonoContext<AppEnv>, person: Person, status: number) =>
    showAccount(c, services, person, { dialog: <ConfirmFirstDialog email={person.email} />, status })

  const showOnce = (c: HonoContext<AppEnv>, person: Person, dialog: Child) => {
    const page = () => showAccount(c, services, person, { dialog, status: 201 })
    return showOver(c, services, { title: 'Account', dialog, page })
  }

  app.get('/account/two-factor/new', async (c) => {
    const person = requirePerson(c)
    if (await findTwoFactor(services, person.id)) return c.redirect(on, 303)
    if (await isAddressUnconfirmed(services, services.db.kysely, person.id)) return confirmFirst(c, person, 200)
    return showAccount(c, services, person, { dialog: <StartDialog /> })
  })

  app.post('/account/two-factor/new', (c) => setUp(c, requirePerson(c), 201))

  // Where the answers below are left by a reload.
  app.get('/account/two-factor', (c) => c.redirect('/account#two-factor', 303))
  app.get('/account/two-factor/recovery-codes', (c) => c.redirect('/account#two-factor', 303))

  app.post('/account/two-factor', async (c) => {
    const person = requirePerson(c)
    try {
      await requireSignedInGuess(services, person, c.var.meta)
      const { codes, cookies } = await confirmTwoFactor(services, person, (await readForm(c)).text('code'), byOf(c))
      setCookies(c, cookies)
      return showOnce(c, person, <RecoveryCodesDialog codes={codes} isNew />)
    } catch (error) {
      if (error instanceof AppError && error.code === 'conflict') return c.redirect(on, 303)
      if (error instanceof AppError && error.code === 'forbidden') return confirmFirst(c, person, error.status)
      if (!(error instanceof AppError) || !['validation_failed', 'rate_limited'].includes(error.code)) throw error
      return setUp(c, person, error.status, error)
    }
  })

  app.post('/account/two-factor/recovery-codes', async (c) => {
    const person = requirePerson(c)
    const codes = await renewRecoveryCodes(services, person, c.var.meta)
    return showOnce(c, person, <RecoveryCodesDialog codes={codes} />)
  })

  app.get('/account/two-factor/off', async (c) => {
    const person = requirePerson(c)
    if (!(await findTwoFactor(services, person.id))) return c.redirect('/account#two-factor', 303)
    return showAccount(c, services, person, { dialog: <TurnOffDialog email={person.email} /> })
  })

  app.post('/account/two-factor/off', async (c) => {
    const person = requirePerson(c)
    const form = await readForm(c)
    const given = { password: form.text('off_password'), code: form.text('code') }
    try {
      await requireSignedInGuess(services, person, c.var.meta)
      setCookies(c, await endTwoFactor(services, person, given, byOf(c)))
    } catch (error) {
      if (!(error instanceof AppError) || error.status >= 500) throw error
      const dialog = <TurnOffDialog email={person.email} error={error} />
      return showAccount(c, services, person, { dialog, status: error.status, headers: error.headers })
    }
    return c.redirect('/account?saved=two-factor-off', 303)
  })
}
