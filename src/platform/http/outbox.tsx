import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Hono, Context as HonoContext } from 'hono'
import type { Child } from 'hono/jsx'
import { AppError } from '../errors.ts'
import { outboxFolder } from '../mail/make-mailer.ts'
import type { Services } from '../services.ts'
import { PageLayout } from '../ui/page-layout.tsx'
import type { AppEnv } from './app-env.ts'
import { renderPage } from './render-page.tsx'

const loopback = /^(127\.\d+\.\d+\.\d+|::1)$/
const shown = 50

/**
 * `/dev/mail`: the mails that went to the outbox for want of SMTP, for whoever tries the product on their own machine. Only
 * while the public address and the caller are of this machine and no proxy stands between.
 */
export function outboxRoutes(app: Hono<AppEnv>, services: Services): void {
  const { config } = services
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(config.publicUrl).hostname)
  if (config.smtpUrl || !isLocal) return

  app.get('/dev/mail', (c) => {
    requireLocal(c)
    const mails = newestMails(outboxFolder(config))
    return renderPage(
      c,
      <PageLayout title="Outbox" frame={c.var.frame}>
        <div class="page-head">
          <div>
            <h1>Outbox</h1>
            <p>
              <code>SMTP_URL</code> is not set, so mails are kept in <code>{outboxFolder(config)}</code>. The {shown}{' '}
              newest are shown here, to this machine alone.
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

function requireLocal(c: HonoContext<AppEnv>): void {
  const peer = c.env.incoming.socket.remoteAddress?.replace(/^::ffff:/, '') ?? ''
  const forwarded = Object.keys(c.env.incoming.headers).some(
    (name) => name.startsWith('x-forwarded-') || name === 'forwarded',
  )
  if (forwarded || !loopback.test(peer))
    throw new AppError('not_found', 'There is no such page, or it is not for this account.')
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
