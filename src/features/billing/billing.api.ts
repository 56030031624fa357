import type { Hono } from 'hono'
import { asUnavailable } from '../../platform/db/connection-failure.ts'
import { AppError } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { nothingHere, problemResponse } from '../../platform/http/problem.ts'
import { readBody } from '../../platform/http/read-body.ts'
import { makeRefuseProxied } from '../../platform/http/refuse-proxied.ts'
import { requestIdFrom } from '../../platform/http/request-id.ts'
import type { Services } from '../../platform/services.ts'
import { takeStripeEvent } from './take-stripe-event.ts'

const maxBytes = 1024 * 1024

/** Where Stripe sends its events. It has no session and comes from another site: its signature alone counts. */
export function stripeEventRoutes(app: Hono<AppEnv>, services: Services): void {
  const { config, log } = services
  const refuseProxied = makeRefuseProxied(services)
  app.post('/webhooks/stripe', async (c) => {
    const requestId = requestIdFrom(c.req.header('request-id'))
    const headers = { 'Request-Id': requestId, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }
    if (!config.stripe) return nothingHere(config.publicUrl)(c, async () => undefined)
    try {
      refuseProxied(c.env.incoming, 'machine')
      const body = await readBody(c.env.incoming, maxBytes)
      await takeStripeEvent(services, { body, signature: c.req.header('stripe-signature') ?? '' }, requestId)
      return c.json({ received: true }, 200, headers)
    } catch (thrown) {
      const error = asUnavailable(thrown)
      const refusal = error instanceof AppError ? error : new AppError('internal', 'The event could not be applied.')
      if (refusal.status >= 500) log.error({ err: thrown, request_id: requestId }, 'an event of Stripe failed')
      return problemResponse(refusal, requestId, config.publicUrl, headers)
    }
  })
}
