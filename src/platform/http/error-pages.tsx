import type { Context as HonoContext } from 'hono'
import { asUnavailable } from '../db/connection-failure.ts'
import { AppError, errorCatalogue } from '../errors.ts'
import type { Services } from '../services.ts'
import { MessagePage } from '../ui/message-page.tsx'
import type { Frame } from '../ui/page-layout.tsx'
import type { AppEnv } from './app-env.ts'
import { renderPage } from './render-page.tsx'

/** The page for an error: what happened and what to do, never its cause, which is in the log under the request id. */
export function errorPage(c: HonoContext<AppEnv>, services: Services, thrown: unknown): Response | Promise<Response> {
  const error = toAppError(thrown)
  const { requestId } = c.var.meta
  if (error.status >= 500) services.log.error({ err: thrown, request_id: requestId }, 'a page failed')
  const title = error.page?.title ?? (error.code === 'not_found' ? 'Page not found' : errorCatalogue[error.code].title)
  const [way, href] = error.page?.way ?? wayOn(c.var.frame, error)
  return renderPage(
    c,
    <MessagePage title={title} frame={c.var.frame}>
      <p>{error.message}</p>
      {error.status >= 500 ? (
        <p class="quiet small">
          Request id: <code>{requestId}</code>
        </p>
      ) : null}
      <p>
        <a class="button plain" href={href}>
          {way}
        </a>
      </p>
    </MessagePage>,
    error.status,
    error.headers,
  )
}

/** Where whoever meets an error finds what they can do next. */
function wayOn({ organisation, nav, person }: Frame, { code }: AppError): [words: string, href: string] {
  const plan = nav.find(({ id }) => id === 'plan')
  if (plan && (code === 'feature_not_allowed' || code === 'limit_reached')) return ['Go to the Plan page', plan.href]
  if (organisation) return ['Go to the waitlists', `/o/${organisation.slug}/waitlists`]
  return person ? ['Go to your waitlists', '/'] : ['Go to the start page', '/']
}

function toAppError(thrown: unknown): AppError {
  const error = asUnavailable(thrown)
  if (error instanceof AppError) return error
  return new AppError(
    'internal',
    'Something unexpected happened. It has been logged; try again, and name the request id if it stays.',
  )
}
