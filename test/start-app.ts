import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import pino from 'pino'
import { createApp } from '../src/app.tsx'
import { readConfig } from '../src/platform/config.ts'
import type { AppEnv } from '../src/platform/http/app-env.ts'
import { makeMailer } from '../src/platform/mail/make-mailer.ts'
import { makeServices } from '../src/platform/process/make-services.ts'
import { makeSecrets } from '../src/platform/secrets.ts'
import type { Services } from '../src/platform/services.ts'
import { makeDatabase, type TestDatabase } from './database.ts'
import { Visitor } from './visitor.ts'

export interface TestApp {
  url: string
  services: Services
  /** The same under the role that owns the tables, as jobs run. */
  ownerServices: Services
  database: TestDatabase
  /** Somebody with a browser of their own, signed in as nobody. */
  visitor(): Visitor
  /** The outbox's mails to an address, oldest first. */
  mailsTo(address: string): string[]
  stop(): Promise<void>
}

/** The whole product over real HTTP, on a database of its own. */
export async function startApp(env: Record<string, string> = {}): Promise<TestApp> {
  const database = await makeDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'queueup-app-'))
  let app: Hono<AppEnv> | undefined
  const server = createAdaptorServer({
    fetch: (request, bindings) => app?.fetch(request, bindings) as Response,
  }) as Server
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  const { config } = readConfig({ PORT: String(port), DATA_DIR: dataDir, LOG_LEVEL: 'silent', ...env })
  const secrets = makeSecrets('a secret key of the tests, long enough')
  const shared = { config, secrets, mailer: makeMailer(config), log: pino({ level: 'silent' }) }
  const { services, close } = makeServices({ ...shared, db: database.database })
  const owner = makeServices({ ...shared, db: database.owner })
  app = createApp(services)
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    services,
    ownerServices: owner.services,
    database,
    visitor: () => new Visitor(url),
    mailsTo: (address) => readOutbox(join(dataDir, 'outbox')).filter((mail) => mail.includes(`To: ${address}\r\n`)),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await close()
      await database.drop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

function readOutbox(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), 'utf8'))
  } catch {
    return []
  }
}
