import type { Hono } from 'hono'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { readStatus } from './read-status.ts'
import { StatusPage } from './status-page.tsx'

/** The page behind a status link, for people who have no account: it reads and sets no cookie. */
export function statusRoutes(app: Hono<AppEnv>, services: Services): void {
  app.get('/s/:token', async (c) => {
    c.header('X-Robots-Tag', 'noindex')
    const status = await readStatus(services, c.req.param('token'))
    return renderPage(c, <StatusPage assets={c.var.frame.assets} status={status} />)
  })
}
