import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hono } from 'hono'
import type { Child } from 'hono/jsx'
import { AppError } from '../errors.ts'
import { outboxFolder } from '../mail/make-mailer.ts'
import { isLoopbackAddress, isLoopbackHost } from '../net/loopback.ts'
import { constantTimeEqual } from '../secrets.ts'
import type { Services } from '../services.ts'
import { PageLayout } from '../ui/page-layout.tsx'
import type { AppEnv } from './app-env.ts'
import { mailPreviewPath } from './mail-preview-path.ts'
import { renderPage } from './render-page.tsx'

const shown = 50

/**
 * The mail preview: the mails that were kept in the data directory because SMTP_URL is not set. It is for one person who
 * tries the product on their own machine, so it checks the key in its path, the peer and the `Host` (DNS rebinding).
 */
export function mailPreviewRoutes(app: Hono<AppEnv>, services: Services): void {
  const { config } = services
  const path = mailPreviewPath(services)
  if (!path) return

  app.get('/mail-preview/:key', (c) => {
    const isLocal = isLoopbackAddress(c.env.incoming.socket.remoteAddress) && isLoopbackHost(c.req.header('host') ?? '')
    if (!isLocal || !constantTimeEqual(`/mail-preview/${c.req.param('key')}`, path))
      throw new AppError('not_found', 'There is no such page, or it is not for this account.')
    const mails = newestMails(outboxFolder(config))
    return renderPage(
      c,
      <PageLayout title="Mail preview" frame={c.var.frame}>
        <div class="page-head">
          <div>
            <h1>Mail preview</h1>
            <p>
              <code>SMTP_URL</code> is not set, so mails are kept in <code>{outboxFolder(config)}</code>. The {shown}{' '}
              newest are shown here, on this machine only.
            </p>
          </div>
        </div>
        {mails.length === 0 ? (
          <div class="empty">
            <h2>No mails yet</h2>
            <p>Invitations, links to confirm an address or choose a password, and notices show up here.</p>
          </div>
        ) : null}
        <div class="stack">
          {mails.map((mail) => (
            <section class="card stack">
              <h2>{mail.name}</h2>
              <pre class="code wrap">{withLinks(mail.text, config.publicUrl)}</pre>
            </section>
          ))}
        </div>
      </PageLayout>,
    )
  })
}

/** Our own addresses can be followed; what else stands in a mail stays text. */
function withLinks(text: string, publicUrl: string): Child[] {
  return text
    .split(/(https?:\/\/\S+)/)
    .map((part) => (part.startsWith(`${publicUrl}/`) ? <a href={part}>{part}</a> : part))
}

function newestMails(folder: string): { name: string; text: string }[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.eml'))
    return names
      .sort()
      .reverse()
      .slice(0, shown)
      .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
  } catch {
    return []
  }
}
