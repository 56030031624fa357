import type { Hono, Context as HonoContext } from 'hono'
import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { parseInput } from '../../platform/parse-input.ts'
import { prefixBuckets } from '../../platform/rate-limit/network-prefixes.ts'
import { requireTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { Services } from '../../platform/services.ts'
import { isTaken, passwordSchema, preparePerson } from './create-person.ts'
import { knownTurn } from './password-hash.ts'
import { endPendingSignUpCookie, findPendingPassword, readSignUpToken } from './pending-sign-up.ts'
import { followLink, formRules } from './sign-in-limits.ts'
import { byInvitationOnly, makeAccount } from './sign-up.ts'
import { ConfirmSignUpPage } from './sign-up-pages.tsx'

const form = z.object({ password: passwordSchema })

/** The link that a sign-up is confirmed with. */
export function confirmSignUpRoutes(app: Hono<AppEnv>, services: Services): void {
  const emailOf = (c: HonoContext<AppEnv>, token: string) =>
    followLink(services, c.var.meta, async () => {
      const email = await readSignUpToken(services, token)
      if (!email) throw new AppError('not_found', 'This link is older than a day, or cut off. Sign up again.')
      return email
    })

  const show = (c: HonoContext<AppEnv>, token: string, email: string, error?: AppError) => {
    const needsPassword = findPendingPassword(services, c.req.header('cookie'), email) === undefined
    const here = `/confirm-sign-up/${encodeURIComponent(token)}`
    const page = <ConfirmSignUpPage {...{ frame: c.var.frame, here, email, needsPassword, error }} />
    return renderPage(c, page, error?.status ?? 200)
  }

  app.get('/confirm-sign-up/:token', async (c) => {
    const token = c.req.param('token')
    return show(c, token, await emailOf(c, token))
  })

  app.post('/confirm-sign-up/:token', async (c) => {
    const token = c.req.param('token')
    const cookies = c.req.header('cookie')
    if (services.config.signup === 'invite') throw byInvitationOnly()
    const email = await emailOf(c, token)
    // A good link may be followed often: each time a password is hashed.
    await requireTokens(services, prefixBuckets('sign-up', c.var.meta.ip, formRules))
    try {
      const kept = findPendingPassword(services, cookies, email)
      const typed = (await readForm(c)).text('password')
      const person = kept
        ? { email, passwordHash: kept }
        : await preparePerson(email, parseInput(form, { password: typed }).password, knownTurn(email))
      const set = await makeAccount(services, person, c.var.meta, { isInvited: false, isConfirmed: true, cookies })
      for (const cookie of [...set, endPendingSignUpCookie(services)]) c.header('Set-Cookie', cookie, { append: true })
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'validation_failed') throw error
      if (isTaken(error)) return c.redirect('/sign-in?done=account', 303)
      return show(c, token, email, error)
    }
    return c.redirect('/', 303)
  })
}
