import type { Hono, Context as HonoContext } from 'hono'
import { requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { deleteOrganisation } from './delete-organisation.ts'
import { byOperatorOnly, foundOrganisation, mayFoundOrganisations } from './found-organisation.ts'
import { NewOrganisationPage, OrganisationSettingsPage } from './organisation-pages.tsx'
import { updateOrganisation } from './update-organisation.ts'

/** Making further organisations, renaming and deleting one. */
export function organisationRoutes(app: Hono<AppEnv>, services: Services): void {
  app.get('/organisations/new', (c) => {
    const { person, frame } = c.var
    if (!person) return c.redirect('/sign-in?next=/organisations/new', 303)
    if (mayFoundOrganisations(services))
      return renderPage(c, <NewOrganisationPage frame={frame} nonce={newFormNonce()} />)
    return renderPage(
      c,
      <MessagePage title="No organisation here yet" frame={frame}>
        <p>{byOperatorOnly}</p>
      </MessagePage>,
    )
  })

  app.post('/organisations/new', async (c) => {
    const { person, frame, meta } = c.var
    if (!person) return c.redirect('/sign-in?next=/organisations/new', 303)
    const form = await readForm(c)
    const [name, nonce] = [form.text('name'), form.text('form_nonce')]
    try {
      const input = { name, ...(nonce ? { form_nonce: nonce } : {}) }
      const { slug } = await foundOrganisation(services, person, input, meta)
      return c.redirect(`/o/${slug}/waitlists`, 303)
    } catch (error) {
      if (!isRefusedInput(error)) throw error
      const page = <NewOrganisationPage frame={frame} nonce={newFormNonce()} name={name} error={error} />
      return renderPage(c, page, error.status)
    }
  })

  const settings = (
    c: HonoContext<AppEnv>,
    shown: { name?: string; error?: AppError; deleting?: { error?: AppError; typed?: string } } = {},
  ) => {
    const { ctx, frame } = c.var
    requireRole(ctx, 'owner')
    const { name, slug } = ctx.organisation
    const saved = c.req.query('saved') !== undefined
    const page = <OrganisationSettingsPage frame={frame} name={name} slug={slug} saved={saved} {...shown} />
    return renderPage(c, page, (shown.error ?? shown.deleting?.error)?.status ?? 200)
  }

  app.get('/o/:slug/settings', (c) => settings(c))

  app.post('/o/:slug/settings', async (c) => {
    const name = (await readForm(c)).text('name')
    try {
      await updateOrganisation(c.var.ctx, { name })
      return c.redirect(`/o/${c.var.ctx.organisation.slug}/settings?saved=1`, 303)
    } catch (error) {
      if (!isRefusedInput(error)) throw error
      return settings(c, { name, error })
    }
  })

  app.get('/o/:slug/settings/delete', (c) => settings(c, { deleting: {} }))

  app.post('/o/:slug/settings/delete', async (c) => {
    const typed = (await readForm(c)).text('slug')
    try {
      await deleteOrganisation(c.var.ctx, { slug: typed })
      return c.redirect('/', 303)
    } catch (error) {
      if (!isRefusedInput(error)) throw error
      return settings(c, { deleting: { error, typed } })
    }
  })
}

function isRefusedInput(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'validation_failed'
}
