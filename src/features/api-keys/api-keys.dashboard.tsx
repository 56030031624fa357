import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { newFormNonce } from '../../platform/form-nonce.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { readSeekPlace } from '../../platform/http/read-seek-place.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { showOver } from '../../platform/http/show-over.tsx'
import { toAddress } from '../../platform/ui/address.ts'
import { placeQuery } from '../../platform/ui/seek-pages.tsx'
import { planRules } from '../plans/plan-rules.ts'
import { requireApiAccess } from '../plans/require-api-access.ts'
import { findNewestWaitlist } from '../waitlists/list-waitlists.ts'
import { CreateKeyDialog, RevealKeyDialog, RevokeKeyDialog } from './api-key-dialogs.tsx'
import { ApiKeysPage } from './api-keys-page.tsx'
import { alreadyCreated, createApiKey } from './create-api-key.ts'
import { firstCall } from './first-call.ts'
import { findApiKey, getApiKey } from './get-api-key.ts'
import { listApiKeys } from './list-api-keys.ts'
import { keysOnPage } from './other-keys.tsx'
import { maxActiveKeys, noRoomForApiKey } from './require-room-for-api-key.ts'
import { revokeApiKey } from './revoke-api-key.ts'

/** The API keys page and its dialogs, each at an address of its own. */
export function apiKeyRoutes(app: Hono<AppEnv>): void {
  app.get('/o/:slug/api-keys', (c) => show(c))

  app.get('/o/:slug/api-keys/new', (c) => {
    requireApiAccess(c.var.ctx.organisation)
    return show(c, { dialog: <CreateKeyDialog frame={c.var.frame} base={baseOf(c)} nonce={newFormNonce()} /> })
  })

  app.post('/o/:slug/api-keys', async (c) => {
    const form = await readForm(c)
    const typed = { name: form.text('name'), scopes: form.list('scopes') }
    const nonce = form.text('form_nonce')
    try {
      refuseCarried(c)
      // Before the key is there: what fails afterwards must not hide it.
      const waitlistId = await findNewestWaitlist(c.var.ctx)
      const key = await createApiKey(c.var.ctx, { ...typed, ...(nonce ? { form_nonce: nonce } : {}) })
      if (!key.created) return show(c, { status: 409, notice: { kind: 'warn', text: alreadyCreated(key.key).message } })
      const call = firstCall(c.var.ctx.config.publicUrl, key, waitlistId)
      const dialog = <RevealKeyDialog base={baseOf(c)} apiKey={key} call={call} />
      return showOver(c, c.var.ctx, { title: 'API keys', dialog, page: () => show(c, { status: 201, dialog }) })
    } catch (error) {
      if (!(error instanceof AppError) || error.status !== 422) throw error
      return show(c, {
        status: 422,
        dialog: (
          <CreateKeyDialog frame={c.var.frame} base={baseOf(c)} nonce={newFormNonce()} typed={typed} error={error} />
        ),
      })
    }
  })

  app.get('/o/:slug/api-keys/:id/revoke', async (c) => {
    const key = await getApiKey(c.var.ctx, c.req.param('id'))
    if (key.revoked_at) return c.redirect(baseOf(c), 303)
    return show(c, {
      dialog: <RevokeKeyDialog base={baseOf(c)} place={placeOf(c)} apiKey={key} now={c.var.ctx.now()} />,
    })
  })

  app.post('/o/:slug/api-keys/:id/revoke', async (c) => {
    const id = c.req.param('id')
    await revokeApiKey(c.var.ctx, id)
    return c.redirect(toAddress(baseOf(c), { ...placeQuery(readSeekPlace(c)), revoked: id }), 303)
  })
}

interface Shown {
  status?: number
  notice?: { kind: 'good' | 'warn'; text: string }
  dialog?: Child
}

async function show(c: HonoContext<AppEnv>, { status = 200, notice, dialog }: Shown = {}) {
  const { ctx, frame } = c.var
  const [place, revokedPlace] = [readSeekPlace(c), readSeekPlace(c, 'revoked_')]
  const active = await listApiKeys(ctx, 'active', { ...place, limit: keysOnPage })
  const page = (
    <ApiKeysPage
      frame={frame}
      active={active}
      revoked={await listApiKeys(ctx, 'revoked', { ...revokedPlace, limit: keysOnPage })}
      place={place}
      revokedPlace={revokedPlace}
      revokedOpen={c.req.query('show') === 'revoked'}
      full={active.total >= maxActiveKeys ? noRoomForApiKey() : undefined}
      asleep={!planRules(ctx.organisation.plan).apiAccess}
      isOwner={hasRole(ctx.actor, 'owner')}
      now={ctx.now()}
      notice={notice ?? (await whatWasDone(c))}
      dialog={dialog}
    />
  )
  return renderPage(c, page, status)
}

/** What the page was come to from; the keys themselves tell whether it is so. */
async function whatWasDone(c: HonoContext<AppEnv>): Promise<Shown['notice']> {
  const find = async (name: string) => {
    const id = keyIdIn(c, name)
    return id ? await findApiKey(c.var.ctx, id) : undefined
  }
  const made = await find('created')
  if (made && !made.revoked_at)
    return { kind: 'good', text: `“${made.name}” is created. When it is first used, Last used says so.` }
  const gone = await find('revoked')
  return gone?.revoked_at
    ? { kind: 'good', text: `“${gone.name}” is revoked. Requests with it answer 401 from now on.` }
    : undefined
}

function keyIdIn(c: HonoContext<AppEnv>, name: string): string | undefined {
  const text = c.req.query(name) ?? ''
  return /^key_[0-9A-Za-z]{1,64}$/.test(text) ? text : undefined
}

/** Where among many active keys one is, as the page's address says it. */
function placeOf(c: HonoContext<AppEnv>): string {
  return toAddress('', placeQuery(readSeekPlace(c)))
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/api-keys`
}
