import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { hasRole, requireRole } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { refuseCarried } from '../../platform/http/refuse-carried.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { wordsFor } from '../../platform/ui/words-for.ts'
import { getWaitlist } from '../waitlists/list-waitlists.ts'
import { addSubscriber } from './add-subscriber.ts'
import { listSubscribers, type SubscribersFound } from './list-subscribers.ts'
import { isSubscriberSort, parseSeekText } from './subscriber-sorts.ts'
import { AddSubscriberDialog, SubscribersPage } from './subscribers-page.tsx'
import type { SubscribersAddress } from './subscribers-table.tsx'

const limit = 50
const nobody: SubscribersFound = { items: [], total: 0, isEstimate: false }

const notices: Record<string, string> = {
  added: 'The person is on the list.',
  confirmed: 'The person was waiting for confirmation, and is on the list now.',
  removed: 'The person is removed, and their e-mail address is forgotten.',
  restored: 'The waitlist is restored: it takes signups again, with everybody who was on it.',
  already_there: 'The person was on the list already and keeps their place.',
}

/** A waitlist's page: its people, searched and paged, and adding one by hand. */
export function subscriberRoutes(app: Hono<AppEnv>): void {
  const show = async (c: HonoContext<AppEnv>, dialog?: Child, status = 200) => {
    const { ctx, frame } = c.var
    const id = c.req.param('id') ?? ''
    const waitlist = await getWaitlist(ctx, id)
    const address = addressOf(c)
    const found = await listSubscribers(ctx, id, { ...address, limit }).catch(notSearched)
    const problem = found instanceof AppError ? found : undefined
    return renderPage(
      c,
      <SubscribersPage
        frame={frame}
        waitlist={waitlist}
        found={found instanceof AppError ? nobody : found}
        problem={problem}
        address={address}
        limit={limit}
        isAdmin={hasRole(ctx.actor, 'admin')}
        now={ctx.now()}
        notice={noticeOf(c)}
        dialog={dialog}
      />,
      problem?.status ?? status,
      problem?.headers,
    )
  }

  app.get('/o/:slug/waitlists/:id', (c) => show(c))

  app.get('/o/:slug/waitlists/:id/add', async (c) => {
    requireRole(c.var.ctx, 'admin')
    if ((await getWaitlist(c.var.ctx, c.req.param('id'))).archived_at) return c.redirect(baseOf(c), 303)
    return show(c, <AddSubscriberDialog frame={c.var.frame} base={baseOf(c)} />)
  })

  app.post('/o/:slug/waitlists/:id/add', async (c) => {
    const email = (await readForm(c)).text('email')
    try {
      refuseCarried(c)
      const { outcome, subscriber } = await addSubscriber(c.var.ctx, c.req.param('id'), { email })
      return c.redirect(`${baseOf(c)}?done=${outcome}&who=${subscriber.id}`, 303)
    } catch (error) {
      if (!(error instanceof AppError) || (error.status !== 422 && error.code !== 'not_found')) throw error
      return show(
        c,
        <AddSubscriberDialog frame={c.var.frame} base={baseOf(c)} email={email} error={error} />,
        error.status,
      )
    }
  })
}

/** A search that was not made, which the page explains beside the search. */
function notSearched(error: unknown): AppError {
  if (error instanceof AppError && (error.code === 'validation_failed' || error.code === 'rate_limited')) return error
  throw error
}

/** What was done, with the way to whom it was done to: in a long list they are on another page. */
function noticeOf(c: HonoContext<AppEnv>): Child {
  const words = wordsFor(notices, c.req.query('done'))
  const who = c.req.query('who') ?? ''
  if (!words || !/^[1-9][0-9]{0,14}$/.test(who)) return words
  return (
    <>
      {words} <a href={`${baseOf(c)}/subscribers/${who}`}>See them</a>
    </>
  )
}

function baseOf(c: HonoContext<AppEnv>): string {
  return `/o/${c.var.ctx.organisation.slug}/waitlists/${c.req.param('id')}`
}

/** What of a waitlist's people an address asks for. */
function addressOf(c: HonoContext<AppEnv>): SubscribersAddress {
  const sort = c.req.query('sort') ?? ''
  return {
    base: baseOf(c),
    needle: (c.req.query('q') ?? '').trim().slice(0, 254),
    sort: isSubscriberSort(sort) ? sort : 'joined',
    page: readPage(c.req.query('page')),
    after: parseSeekText(c.req.query('after')),
    before: parseSeekText(c.req.query('before')),
  }
}

/** An odd page number in an address is the first page. */
function readPage(text: string | undefined): number {
  return text !== undefined && /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : 1
}
