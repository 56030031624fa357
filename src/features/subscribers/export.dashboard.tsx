import type { Hono } from 'hono'
import type { Downloads } from '../../platform/downloads.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { readForm } from '../../platform/http/read-form.ts'
import { sendFile } from '../../platform/http/send-file.ts'
import { exportSubscribers } from './export-subscribers.ts'

/** A waitlist, or what was searched for on it, as a file. A form's answer, since it leaves a row in the log. */
export function exportRoutes(app: Hono<AppEnv>, downloads: Downloads): void {
  app.post('/o/:slug/waitlists/:id/export', async (c) => {
    const { ctx } = c.var
    const needle = (await readForm(c)).text('q').trim().slice(0, 254)
    return sendFile(c, downloads, async () => {
      const { waitlist, csv } = await exportSubscribers(ctx, c.req.param('id'), { needle })
      return { name: `${waitlist.name} ${ctx.now().toISOString().slice(0, 10)}`, type: 'csv', pieces: csv }
    })
  })
}
