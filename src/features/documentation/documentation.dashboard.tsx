import type { Hono, Context as HonoContext } from 'hono'
import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { AppError, type ErrorCode, errorCatalogue } from '../../platform/errors.ts'
import type { AppEnv } from '../../platform/http/app-env.ts'
import { renderPage } from '../../platform/http/render-page.tsx'
import type { Services } from '../../platform/services.ts'
import { PageLayout } from '../../platform/ui/page-layout.tsx'
import { ApiReference } from './api-reference.tsx'
import { errorExplanations } from './error-explanations.ts'
import { readGuide, renderMarkdown } from './guide.ts'
import { GuideArticle } from './guide-article.tsx'
import { GuideTable } from './guide-table.tsx'

/** The guide, a page for every error, and the API reference: public, and of this very version. */
export function documentationRoutes(app: Hono<AppEnv>, services: Services, openApi: Record<string, unknown>): void {
  const pages = readGuide(services.config.publicUrl).map((page) => ({ ...page, html: renderMarkdown(page.markdown) }))
  const entries = [
    ...pages.map((page) => ({ href: `/docs/${page.slug}`, label: page.title })),
    { href: '/docs/errors', label: 'Errors' },
    { href: '/docs/api', label: 'API reference' },
  ]
  // Rendering the API reference takes milliseconds. Only the frame differs from reader to reader.
  const articles = new Map<string, string>()
  const show = (c: HonoContext<AppEnv>, title: string, current: string, content: () => Child) => {
    const key = `${current} ${title}`
    let article = articles.get(key)
    if (article === undefined) {
      article = (
        <GuideArticle current={current} entries={entries}>
          {content()}
        </GuideArticle>
      ).toString() as string
      articles.set(key, article)
    }
    return renderPage(
      c,
      <PageLayout title={`${title} · Guide`} frame={c.var.frame}>
        {raw(article)}
      </PageLayout>,
    )
  }

  app.get('/docs', (c) => c.redirect(entries[0]?.href ?? '/', 302))
  app.get('/docs/api', (c) =>
    show(c, 'API reference', '/docs/api', () => (
      <ApiReference document={openApi} publicUrl={services.config.publicUrl} />
    )),
  )
  app.get('/docs/errors', (c) => show(c, 'Errors', '/docs/errors', () => <ErrorList />))

  app.get('/docs/errors/:code', (c) => {
    const code = c.req.param('code')
    if (!Object.hasOwn(errorCatalogue, code)) throw new AppError('not_found', 'There is no such error.')
    return show(c, code, '/docs/errors', () => <ErrorPage code={code as ErrorCode} />)
  })

  app.get('/docs/:slug', (c) => {
    const page = pages.find((candidate) => candidate.slug === c.req.param('slug'))
    if (!page) throw new AppError('not_found', 'There is no such page in the guide.')
    return show(c, page.title, `/docs/${page.slug}`, () => raw(page.html))
  })
}

function ErrorList() {
  return (
    <>
      <h1>Errors</h1>
      <p>
        Every refusal is <code>application/problem+json</code> (RFC 9457): <code>type</code> is the address of its page
        here, <code>code</code> is what to branch on, <code>detail</code> says what to do, and <code>request_id</code>{' '}
        names the request in the log. For invalid values <code>errors</code> lists every problem.
      </p>
      <GuideTable
        columns={['Status', 'Code', 'Meaning']}
        rows={Object.entries(errorCatalogue).map(([code, { status, title }]) => [
          status,
          <a href={`/docs/errors/${code}`}>
            <code>{code}</code>
          </a>,
          title,
        ])}
      />
    </>
  )
}

function ErrorPage({ code }: { code: ErrorCode }) {
  const { status, title } = errorCatalogue[code]
  return (
    <>
      <h1>{title}</h1>
      <p>
        Status {status}, code <code>{code}</code>.
      </p>
      {raw(renderMarkdown(errorExplanations[code]))}
      <p>
        <a href="/docs/errors">All errors</a>
      </p>
    </>
  )
}
