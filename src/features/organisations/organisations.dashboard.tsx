import type { Hono } from 'hono'
import { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { readSeekPlace } from '../../platform/http/read-seek-place.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { MessagePage } from '../../platform/ui/message-page.tsx'
import { byOperatorOnly, foundOrganisation, mayFoundOrganisations } from './found-organisation.ts'
import { listOwnOrganisations } from './list-own-organisations.ts'
import { NewOrganisationPage } from './new-organisation-page.tsx'
import { OwnOrganisationsPage, organisationsOnPage } from './own-organisations-page.tsx'

/** All organisations of a person, and making further ones. */
export function organisationRoutes(app: Hono<AppEnv>, services: Services): void {
  app.get('/organisations', async (c) => {
    const { person, frame } = c.var
    if (!person) return c.redirect('/sign-in?next=/organisations', 303)
    const place = readSeekPlace(c)
    const needle = (c.req.query('q') ?? '').trim().slice(0, 100)
    const list = await listOwnOrganisations(services, person.id, { ...place, needle, limit: organisationsOnPage })
    return renderPage(c, <OwnOrganisationsPage personId={person.id} {...{ frame, list, needle, place }} />)
  })

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
}

function isRefusedInput(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'validation_failed'
}
