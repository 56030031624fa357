import { randomUUID } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTransport, type SendMailOptions } from 'nodemailer'
import type { Config } from '../config.ts'
import { makeFolder } from '../files/make-folder.ts'
import { isLoopbackHostname } from '../net/loopback.ts'
import type { Mail, Mailer } from './mailer.ts'

/** A mail server that does not answer must not hold up the mails of others for minutes. */
const smtpTimeouts = { connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 30_000 }

const tlsRemedy =
  'It must offer STARTTLS with a valid certificate, or nothing is sent to it: turn that on at the server, or set SMTP_URL to smtps://…'

/** Sends through SMTP_URL, or, where there is none, into the data directory's outbox as `.eml` files for their owner alone. */
export function makeMailer(config: Config): Mailer {
  if (config.smtpUrl) {
    const transport = createTransport({ url: encryptedUnlessLocal(config.smtpUrl), ...smtpTimeouts })
    return {
      async send(mail) {
        try {
          await transport.sendMail(toMessage(config, mail))
        } catch (error) {
          // Its own words name the recipient, and they are logged.
          const { code, responseCode, message } = error as Error & { code?: string; responseCode?: number }
          const told = [code, responseCode].filter(Boolean).join(' ')
          const remedy = code === 'ETLS' || /certificate/i.test(message) ? `. ${tlsRemedy}` : ''
          throw new Error(`the mail server did not take a mail (${told})${remedy}`)
        }
      },
    }
  }
  const transport = createTransport({ streamTransport: true, buffer: true })
  return {
    async send(mail) {
      const { message } = await transport.sendMail(toMessage(config, { ...mail, text: '.' }))
      const folder = outboxFolder(config)
      makeFolder(folder, 0o700)
      const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`
      const half = join(folder, `.${name}`)
      writeFileSync(half, withReadableText(String(message), mail.text), { mode: 0o600 })
      // Whoever reads the folder sees a mail whole or not at all.
      renameSync(half, join(folder, name))
    },
  }
}

/** Neither the password nor a one-time link goes to another machine in clear text, whatever the URL asks for. */
function encryptedUnlessLocal(smtpUrl: string): string {
  const url = new URL(smtpUrl)
  if (!isLoopbackHostname(url.hostname)) url.searchParams.set('requireTLS', 'true')
  return url.href
}

/** Eight bits and lines as long as they are: a link in the file can be copied, or found by a script. */
function withReadableText(message: string, text: string): string {
  const [head = ''] = message.split('\r\n\r\n')
  return `${head.replace(/^(Content-Transfer-Encoding: ).*$/m, '$18bit')}\r\n\r\n${text.replace(/\r?\n/g, '\r\n')}`
}

export function outboxFolder(config: Config): string {
  return join(config.dataDir, 'outbox')
}

/**
 * One recipient, whatever the address holds, and a subject of one line: names that people chose cannot add a header, nor hold
 * an encoded word (RFC 2047), which mail programs would show decoded.
 */
function toMessage(config: Config, { to, subject, text }: Mail): SendMailOptions {
  return {
    from: config.mailFrom,
    to: [{ name: '', address: to }],
    subject: subject
      .replace(/\p{Cc}+/gu, ' ')
      .replaceAll('=?', '= ?')
      .slice(0, 200),
    text,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}
