import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import type { Config } from '../config.ts'
import type { Mailer } from './mailer.ts'

/** Sends through SMTP_URL, or, where there is none, into the data directory's outbox as `.eml` files for their owner alone. */
export function makeMailer(config: Config): Mailer {
  if (config.smtpUrl) {
    const transport = createTransport(config.smtpUrl)
    return {
      async send(mail) {
        await transport.sendMail({ from: config.mailFrom, ...mail })
      },
    }
  }
  const transport = createTransport({ streamTransport: true, buffer: true })
  return {
    async send(mail) {
      const { message } = await transport.sendMail({ from: config.mailFrom, ...mail })
      const folder = outboxFolder(config)
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`
      writeFileSync(join(folder, name), message as Buffer, { mode: 0o600 })
    },
  }
}

export function outboxFolder(config: Config): string {
  return join(config.dataDir, 'outbox')
}
