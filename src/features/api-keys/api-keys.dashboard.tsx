import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { planRules } from '../plans/plan-rules.ts'
import { requireApiAccess } from '../plans/require-api-access.ts'
import type { ApiKey } from './api-key.ts'
import { CreateKeyDialog, RevealKeyDialog, RevokeKeyDialog } from './api-key-dialogs.tsx'
import { ApiKeysPage } from './api-keys-page.tsx'
import { alreadyCreated, createApiKey } from './create-api-key.ts'
import { getApiKey } from './get-api-key.ts'
import { listApiKeys } from './list-api-keys.ts'
import { revokeApiKey } from './revoke-api-key.ts'

/** The API keys page and its dialogs, each at an address of its own. */
export function apiKeyRoutes(app: Hono<AppEnv>): void {
  app.get('/o/:slug/api-keys', (c) => show(c))

  app.get('/o/:slug/api-keys/new', (c) => {
    requireApiAccess(c.var.ctx.organisation)
    return show(c, { dialog: <CreateKeyDialog base={baseOf(c)} nonce={newFormNonce()} /> })
  })

  app.post('/o/:slug/api-keys', async (c) => {
    const form = await readForm(c)
    const typed = { name: form.text('name'), scopes: form.list('scopes') }
    const nonce = form.text('form_nonce')
    try {
      const key = await createApiKey(c.var.ctx, { ...typed, ...(nonce ? { form_nonce: nonce } : {}) })
      if (!key.created) return show(c, { status: 409, notice: { kind: 'warn', text: alreadyCreated(key.key).message } })
      const curl = `curl ${c.var.ctx.config.publicUrl}/v1/api/key \\\n  -H "Authorization: Bearer ${key.secret}"`
      return show(c, { status: 201, dialog: <RevealKeyDialog base={baseOf(c)} apiKey={key} curl={curl} /> })
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return show(c, {
        status: 422,
        dialog: <CreateKeyDialog base={baseOf(c)} nonce={newFormNonce()} typed={typed} error={error} />,
      })
    }
  })

  app.get('/o/:slug/api-keys/:id/revoke', async (c) => {
    const key = await getApiKey(c.var.ctx, c.req.param('id'))
    if (key.revoked_at) return c.redirect(baseOf(c), 303)
    return show(c, { dialog: <RevokeKeyDialog base={baseOf(c)} apiKey={key} now={c.var.ctx.now()} /> })
  })

  app.post('/o/:slug/api-keys/:id/revoke', async (c) => {
    const { id } = { id: c.req.param('id') }
    await revokeApiKey(c.var.ctx, id)
    return c.redirect(`${baseOf(c)}?revoked=${encodeURIComponent(id)}`, 303)
  })
}

interface Shown {
  status?: number
  notice?: { kind: 'good' | 'warn'; text: string }
  dialog?: Child
}

async function show(c: HonoContext<AppEnv>, { status = 200, notice, dialog }: Shown = {}) {
  const { ctx, frame } = c.var
  const [active, revoked] = [await listApiKeys(ctx, 'active'), await listApiKeys(ctx, 'revoked')]
  const page = (
    <ApiKeysPage
      frame={frame}
      active={active}
      revoked={revoked}
      asleep={!planRules(ctx.organisation.plan).apiAccess}
      isOwner={hasRole(ctx.actor, 'owner')}
      now={ctx.now()}
      notice={notice ?? whatWasDone(c.req.query(), active, revoked)}
      dialog={dialog}
    />
  )
  return renderPage(c, page, status)
}

/** What the page was come to from; the keys themselves tell whether it is so. */
function whatWasDone(query: Record<string, string>, active: ApiKey[], revoked: ApiKey[]): Shown['notice'] {
  const made = active.find((key) => key.id === query.created)
  if (made) return { kind: 'good', text: `“${made.name}” is created. When it is first used, Last used says so.` }
  const gone = revoked.find((key) => key.id === query.revoked)
  return gone && { kind: 'good', text: `“${gone.name}” is revoked. Requests with it answer 401 from now on.` }
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/api-keys`
}
