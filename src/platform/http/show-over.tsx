import type { Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import type { Services } from '../services.ts'
import { MessagePage } from '../ui/message-page.tsx'
import type { AppEnv } from './app-env.ts'
import { renderPage } from './render-page.tsx'

/**
 * What is done and exists in this answer alone is shown also where the page behind it cannot be read: an error would say that
 * nothing was done, and nobody would ever see it.
 */
export async function showOver(
  c: HonoContext<AppEnv>,
  { log }: Pick<Services, 'log'>,
  { title, dialog, page }: { title: string; dialog: Child; page: () => Promise<Response> },
): Promise<Response> {
  try {
    return await page()
  } catch (error) {
    log.error({ err: error, request_id: c.var.meta.requestId }, 'the page behind what is shown once could not be read')
    return renderPage(
      c,
      <MessagePage title={title} frame={c.var.frame}>
        {dialog}
      </MessagePage>,
      201,
    )
  }
}
