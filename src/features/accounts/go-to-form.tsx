import type { Context as HonoContext } from 'hono'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { BackToFormPage } from './carried-field.tsx'
import { openForm } from './carried-form.ts'

interface GoingTo {
  next: string | undefined
  carried: string | undefined
  /** Who has signed in just now. */
  userId: string | undefined
}

/**
 * Where a sign-in leads: back to the form that was being sent, for the user whose it was, or on to the page that was asked for.
 * Another user is led to pages of their own.
 */
export function goToForm(c: HonoContext<AppEnv>, services: Services, { next, carried, userId }: GoingTo) {
  const opened = carried && userId ? openForm(services, carried, userId) : undefined
  if (!carried || !opened || opened.outcome === 'gone') return c.redirect(next ?? '/', 303)
  if (opened.outcome === 'foreign') return c.redirect('/', 303)
  return renderPage(c, <BackToFormPage frame={c.var.frame} action={opened.path} carried={carried} />)
}
