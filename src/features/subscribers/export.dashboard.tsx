import type { Hono } from 'hono'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { sendFile } from '../../platform/http/send-file.ts'
import { exportSubscribers } from './export-subscribers.ts'

/** A waitlist, or what was searched for on it, as a file. A form's answer, since it leaves a row in the log. */
export function exportRoutes(app: Hono<AppEnv>): void {
  app.post('/o/:slug/waitlists/:id/export', async (c) => {
    const { ctx } = c.var
    const needle = (await readForm(c)).text('q').trim().slice(0, 254)
    const { waitlist, csv } = await exportSubscribers(ctx, c.req.param('id'), { needle })
    return sendFile(c, `${waitlist.name} ${ctx.now().toISOString().slice(0, 10)}`, 'csv', csv)
  })
}
