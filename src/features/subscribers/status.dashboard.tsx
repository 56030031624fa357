import type { Hono } from 'hono'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import { LeasedPrefixLimit } from '../../platform/rate-limit/leased-prefix-limit.ts'
import type { PrefixRules } from '../../platform/rate-limit/network-prefixes.ts'
import type { Services } from '../../platform/services.ts'
import { readStatus } from './read-status.ts'
import { StatusPage } from './status-page.tsx'

/** Whole offices and schools may share one address. */
export const statusPageRules: PrefixRules = {
  host: { perSecond: 10, burst: 600 },
  network: { perSecond: 20, burst: 1_200 },
  provider: { perSecond: 80, burst: 4_800 },
}

/** The page behind a status link, for people who have no account: it reads and sets no cookie. */
export function statusRoutes(app: Hono<AppEnv>, services: Services): void {
  const views = new LeasedPrefixLimit(services.db, 'status', statusPageRules)
  app.get('/s/:token', async (c) => {
    c.header('X-Robots-Tag', 'noindex')
    const seconds = await views.findWait(c.var.meta.ip)
    if (seconds !== undefined)
      throw new AppError('rate_limited', `Too many pages were opened from your network. Try again in ${seconds} s.`, {
        headers: { 'Retry-After': String(seconds) },
      })
    const status = await readStatus(services, c.req.param('token'))
    return renderPage(c, <StatusPage assets={c.var.frame.assets} status={status} />)
  })
}
