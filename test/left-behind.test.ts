import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asUser } from './as.ts'
import { mustLeaveNoSecret } from './left-behind.ts'
import { makeProduct } from './make.ts'
import { cliJson, issuedBy, makeDataDir, makeKeyByCli, runCli, type Server, startServer } from './processes.ts'

const env = { DATA_DIR: makeDataDir() }
const person = { email: 'grace@example.com', password: 'a quite unusual password' }
const issued = issuedBy(env)
let key: string
/** Of the session that somebody had, and of a link that was mailed. */
let [session, mailed] = ['', '']
let server: Server | undefined

beforeAll(async () => {
  key = (await makeKeyByCli(env)).key
  const owner = ['--owner-email', person.email, '--owner-password', person.password]
  await cliJson(env, 'org', 'create', '--name', 'Second', ...owner)
})
afterAll(async () => {
  await server?.stop('SIGKILL').catch(() => undefined)
  rmSync(env.DATA_DIR, { recursive: true, force: true })
})

const readMails = () => {
  const outbox = join(env.DATA_DIR, 'outbox')
  return existsSync(outbox) ? readdirSync(outbox).map((name) => readFileSync(join(outbox, name), 'utf8')) : []
}

test('what runs as a process leaves no key, token, password or address in a file or in what it writes', async () => {
  server = await startServer(env)
  const user = await asUser(server, person)
  session = decodeURIComponent(user.cookie().split('=')[1] ?? '').split('.')[0] ?? ''
  await user.post('/forgot-password', { email: person.email })
  await expect.poll(() => readMails().join(), { timeout: 20_000 }).toMatch(/\/reset-password\//)
  mailed = /\/reset-password\/([\w-]+)/.exec(readMails().join())?.[1] ?? ''
  expect(await server.stop()).toEqual({ code: 0, signal: null })
  expect(mustLeaveNoSecret(env.DATA_DIR, issued)).toBeGreaterThan(300)
  for (const secret of [key, session, mailed]) expect(secret.length).toBeGreaterThan(15)
})

test.each<[string, string, () => string]>([
  ['a key in a file that a crash left', 'core.4711', () => `\0\0${key}\0`],
  ['a key without its beginning in a log', 'pg/postgres.log', () => `ERROR: ${key.slice(12)}`],
  ['a key in a table', 'pg/data/base/leaked', () => `\x01\x02${key}\x03`],
  ['a session in a table', 'pg/data/base/leaked', () => `\x01\x02${session}\x03`],
  ['a password in a log', 'pg/postgres.log', () => `DETAIL: parameters: $1 = '${person.password}'`],
  ['an address in a log', 'pg/postgres.log', () => `DETAIL: Key (email)=(${person.email}) already exists.`],
  ['a key in a mail', 'outbox/leaked.eml', () => `Subject: x\r\n\r\nYour key is ${key}`],
  ['a mailed token elsewhere', 'import.tmp', () => mailed],
  ['the password of the database', 'notes.txt', () => readFileSync(join(env.DATA_DIR, 'pg', 'password'), 'utf8')],
  ['SECRET_KEY', 'pg/data/leaked', () => readFileSync(join(env.DATA_DIR, 'secret-key'), 'utf8')],
])('the search finds %s', (_, name, leak) => {
  const path = join(env.DATA_DIR, name)
  const before = existsSync(path) ? readFileSync(path) : undefined
  appendFileSync(path, leak())
  expect(() => mustLeaveNoSecret(env.DATA_DIR, issued)).toThrow(name)
  if (before) writeFileSync(path, before)
  else rmSync(path)
})

test('and in what a server and a command write', async () => {
  const secret = 'planted0secret1of2a3test'
  issued.add(secret)
  const careless = await startServer({ ...env, PUBLIC_URL: `http://${secret}.example` })
  await expect(careless.stop()).rejects.toThrow('handed out stands in what the server wrote')
  const { items } = await cliJson(env, 'org', 'list')
  issued.add(items[0].id)
  await expect(runCli(env, 'org', 'list')).rejects.toThrow('handed out stands in what queueup org list printed')
})

test('and in the log of the PostgreSQL that tests share, and in a log line: a secret, or somebody’s address', async () => {
  const [product, other] = [await makeProduct(), await makeProduct()]
  const client = new pg.Client({ connectionString: product.database.url })
  await client.connect()
  const secret = 'planted0secret1of3a4test'
  await client.query(`do $$ begin raise warning '${secret}'; end $$`)
  await client.end()
  product.issued.add(secret)
  await expect(product.close()).rejects.toThrow('handed out stands in the log of PostgreSQL')
  other.services.log.warn({ email: person.email }, 'somebody came')
  await expect(other.close()).rejects.toThrow(`address stands in a log line: ${person.email}`)
})
