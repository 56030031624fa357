import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { findClusterPlace } from '../src/platform/db/embedded/cluster-place.ts'
import { findBinaries } from '../src/platform/db/embedded/find-binaries.ts'
import { makeCluster } from '../src/platform/db/embedded/make-cluster.ts'
import { findServerUser } from '../src/platform/db/embedded/system-user.ts'
import { randomBase62 } from '../src/platform/secrets.ts'
import { makeDataDir, runCli } from './processes.ts'

/** A PostgreSQL of its operator's own, with a certificate that it signed itself. */
const folder = makeDataDir()
const secretKey = randomBase62(43)
const hasTls = canMakeCertificate()
if (!hasTls) process.stdout.write('connection refusals: TLS is not tried, for want of openssl\n')
let at = ''
let password = ''
let stop: () => Promise<unknown> = () => Promise.resolve()

beforeAll(async () => {
  const place = findClusterPlace(folder, await findBinaries(), findServerUser(), pino({ level: 'silent' }))
  await makeCluster(place)
  const data = join(place.folder, 'data')
  if (hasTls) {
    for (const name of ['server.key', 'server.crt']) {
      execFileSync('cp', [join(folder, name), join(data, name)])
      if (place.user) chownSync(join(data, name), place.user.uid, place.user.gid)
      chmodSync(join(data, name), 0o600)
    }
  }
  const port = await freePort()
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    `ssl=${hasTls ? 'on' : 'off'}`,
  ]
  const server = spawn(
    join(place.binaries.root, 'bin', 'postgres'),
    ['-D', data, ...settings.flatMap((s) => ['-c', s])],
    {
      cwd: '/',
      stdio: 'ignore',
      env: { LC_ALL: 'C' },
      ...(place.user ? { uid: place.user.uid, gid: place.user.gid } : {}),
    },
  )
  const ended = once(server, 'exit')
  stop = () => {
    server.kill('SIGINT')
    return ended
  }
  password = readFileSync(join(place.folder, 'password'), 'utf8')
  at = `127.0.0.1:${port}`
  await vi.waitFor(() => query('select 1'), { timeout: 20_000, interval: 100 })
  await query("create database latin encoding 'LATIN1' template template0 locale 'C'")
  await query("create database c_locale template template0 locale_provider libc locale 'C'")
})
afterAll(async () => {
  await stop()
  rmSync(folder, { recursive: true, force: true })
})

async function query(text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: `postgres://postgres:${password}@${at}/postgres` })
  client.on('error', () => undefined)
  await client.connect()
  return client.query(text).then(
    ({ rows }) => client.end().then(() => rows),
    (error) => client.end().then(() => Promise.reject(error)),
  )
}

async function refusal(url: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(
    {
      DATABASE_URL: url,
      DATA_DIR: join(folder, 'beside'),
      SECRET_KEY: secretKey,
    },
    'migrate',
  )
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).not.toMatch(/^\s+at /m)
  return stderr.trim()
}

test.each([
  ['postgres://postgres:wrong@AT/postgres', /password authentication failed.*\. Correct the user or the password\.$/],
  [
    'postgres://postgres:PASSWORD@AT/nowhere',
    /database "nowhere" does not exist\. Create that database, or correct its name\.$/,
  ],
  [
    'postgres://postgres:PASSWORD@127.0.0.1:1/x',
    /ECONNREFUSED.*\. Nothing listens there: start PostgreSQL, or correct the host and the port\.$/,
  ],
  [
    'postgres://postgres:PASSWORD@nowhere.invalid/x',
    /(ENOTFOUND|EAI_AGAIN).*\. (There is no such host|The name of the host)/,
  ],
  ['postgres:///x?host=/nowhere', /ENOENT.*\. There is no such socket or file: correct the path\.$/],
  [
    'postgres://postgres:PASSWORD@AT/x?sslmode=verify-full&sslrootcert=/nowhere.pem',
    /\/nowhere\.pem.*correct the path\.$/,
  ],
  [
    'postgres://postgres:PASSWORD@AT/latin',
    /^QueueUp needs a database in UTF8, and this one is in LATIN1\. Make another one: create database queueup encoding 'UTF8'/,
  ],
])('%s is refused with the cause and the way out', async (url, sentence) => {
  const told = await refusal(url.replace('AT', at).replace('PASSWORD', password))
  expect(told).toMatch(sentence)
  expect(told).not.toContain(password)
})

test.runIf(hasTls)(
  'a certificate that nobody vouches for is refused with the ways out, each of which works',
  async () => {
    const url = (query: string) => `postgres://postgres:${password}@${at}/c_locale?${query}`
    for (const mode of ['require', 'verify-full'])
      expect(await refusal(url(`sslmode=${mode}`))).toMatch(
        /self.signed certificate\. Add sslrootcert=\/path\/to\/the\/authority\.pem to it; or sslmode=no-verify/,
      )
    const env = (query: string) => ({
      DATABASE_URL: url(query),
      DATA_DIR: join(folder, 'beside'),
      SECRET_KEY: secretKey,
    })
    const certificate = join(folder, 'server.crt')
    for (const query of ['sslmode=no-verify', `sslmode=verify-full&sslrootcert=${certificate}`, 'sslmode=disable'])
      expect((await runCli(env(query), 'migrate')).code).toBe(0)
  },
)

function canMakeCertificate(): boolean {
  const [key, certificate] = [join(folder, 'server.key'), join(folder, 'server.crt')]
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '30']
  try {
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate]
    execFileSync('openssl', [...made, ...subject], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
