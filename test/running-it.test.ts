import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asApiKey } from './as.ts'
import { cliJson, makeDataDir, makeKeyByCli, runCli, startServer } from './processes.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function dataDir(): Record<string, string> {
  const DATA_DIR = makeDataDir()
  folders.push(DATA_DIR)
  return { DATA_DIR }
}

test('the command line works with and without a server, and a revoke from it holds at once', async () => {
  const env = dataDir()
  const { slug, path, key, keyId } = await makeKeyByCli(env)
  const server = await startServer(env)
  const api = asApiKey(server, key)
  expect((await api.post(path, { email: 'a@example.com' })).status).toBe(201)
  await cliJson(env, 'org', 'set-plan', '--org', slug, '--plan', 'free')
  expect((await api.get(path)).json.code).toBe('feature_not_allowed')
  await cliJson(env, 'org', 'set-plan', '--org', slug, '--plan', 'pro')
  expect((await api.get(path)).status).toBe(200)
  await cliJson(env, 'key', 'revoke', '--org', slug, keyId)
  expect((await api.get(path)).status).toBe(401)
  const { items } = await cliJson(env, 'activity', 'list', '--org', slug, '--limit', '3')
  expect(
    items.map((item: { action: string; actor: { name: string } }) => [item.action, item.actor.name]).slice(-3),
  ).toContainEqual(['api_key.revoked', 'System'])
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})

test('the command line answers errors on stderr with 1, and wrong usage with 2', async () => {
  const env = dataDir()
  await cliJson(env, 'migrate')
  const unknown = await runCli(env, 'key', 'list', '--org', 'nobody')
  expect([unknown.code, unknown.stdout]).toEqual([1, ''])
  expect(unknown.stderr).toMatch(/no organisation with the slug nobody/)
  expect((await runCli(env, 'key', 'list')).code).toBe(2)
  expect((await runCli(env, 'nonsense')).code).toBe(2)
})

test('an import adds each address once, refuses bad rows, is one activity, and its export reads back the same', async () => {
  const env = dataDir()
  const { slug, waitlist } = await makeKeyByCli(env)
  const file = join(env.DATA_DIR ?? '', 'people.csv')
  writeFileSync(
    file,
    '\ufeffEmail,joined_at\r\nada@example.com,2026-01-01T00:00:00+01:00\r\nADA@example.com,\r\nnobody,\r\n"\'=cmd@example.com",\r\nlate@example.com,2999-01-01T00:00:00Z\r\n',
  )
  const target = ['--org', slug, '--waitlist', waitlist]
  expect(await cliJson(env, 'subscribers', 'import', ...target, file)).toEqual({
    added: 2,
    already_there: 1,
    refused: 2,
  })
  const exported = await runCli(env, 'subscribers', 'export', ...target)
  expect(
    exported.stdout
      .split('\r\n')
      .slice(0, 3)
      .map((line) => line.split(',').slice(0, 4).join(',')),
  ).toEqual([
    'id,email,joined_at,state',
    '1,ada@example.com,2025-12-31T23:00:00Z,active',
    `2,'=cmd@example.com,${exported.stdout.split('\r\n')[2]?.split(',')[2]},active`,
  ])
  writeFileSync(file, exported.stdout)
  expect(await cliJson(env, 'subscribers', 'import', ...target, file)).toEqual({
    added: 0,
    already_there: 2,
    refused: 0,
  })
  const { items } = await cliJson(env, 'activity', 'list', '--org', slug)
  expect(items.filter((item: { action: string }) => item.action === 'subscriber.imported')).toHaveLength(1)
})

test('two servers on one data directory are refused with a sentence, and the first goes on', async () => {
  const env = dataDir()
  const server = await startServer(env)
  await expect(startServer(env)).rejects.toThrow(/Another QueueUp server is running on/)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  await server.stop()
})

test('several processes share the port; one that dies is replaced; all stop cleanly; metrics are summed', async () => {
  const env = { ...dataDir(), WEB_CONCURRENCY: '2', METRICS_PORT: '0' }
  const { path, key } = await makeKeyByCli(env)
  const metricsPort = 20_000 + Math.floor(Math.random() * 20_000)
  const server = await startServer({ ...env, METRICS_PORT: String(metricsPort) })
  const api = asApiKey(server, key)
  const created = await Promise.all(
    Array.from({ length: 40 }, (_, i) => api.post(path, { email: `p${i}@example.com` })),
  )
  expect(new Set(created.map((answer) => answer.status))).toEqual(new Set([201]))
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  expect(metrics).toMatch(/^queueup_http_requests_total\{kind="api",status="2xx"\} 40$/m)
  expect(metrics).toMatch(/^queueup_processes 2$/m)
  const [worker] = readFileSync(`/proc/${server.process.pid}/task/${server.process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number)
    .filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.js'))
  process.kill(worker ?? 0, 'SIGKILL')
  await expect.poll(() => server.output(), { timeout: 10_000 }).toMatch(/a serving process died; starting another/)
  await expect.poll(async () => (await api.get(path).catch(() => undefined))?.json?.total, { timeout: 10_000 }).toBe(40)
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})

test('a wrong setting stops the start with a sentence that names it, and so does the wrong secret', async () => {
  const env = dataDir()
  await expect(startServer({ ...env, PORT: 'http' })).rejects.toThrow(
    /QueueUp did not start: PORT must be a whole number/,
  )
  await (await startServer(env)).stop()
  expect(statSync(join(env.DATA_DIR ?? '', 'secret-key')).mode & 0o777).toBe(0o600)
  await expect(startServer({ ...env, SECRET_KEY: randomBase62(43) })).rejects.toThrow(/SECRET_KEY is not the one/)
})

test('keys live on while SECRET_KEY is rotated, and are renewed on use', async () => {
  const env = dataDir()
  const [before, after] = [randomBase62(43), randomBase62(43)]
  const { slug, key } = await makeKeyByCli({ ...env, SECRET_KEY: before })
  const rotating = { ...env, SECRET_KEY: after, SECRET_KEY_PREVIOUS: before }
  const server = await startServer(rotating)
  const waiting = async () => (await cliJson(rotating, 'key', 'list', '--org', slug)).items[0].awaits_renewal
  expect(await waiting()).toBe(true)
  expect((await asApiKey(server, key).get('/key')).status).toBe(200)
  await expect.poll(waiting, { timeout: 10_000 }).toBe(false)
  await server.stop()
  const rotated = await startServer({ ...env, SECRET_KEY: after })
  expect((await asApiKey(rotated, key).get('/key')).status).toBe(200)
  await rotated.stop()
})

test.runIf(process.getuid?.() === 0)(
  'root may keep the data where the database may not enter: the cluster lies elsewhere, and says so',
  async () => {
    const env = dataDir()
    chmodSync(env.DATA_DIR ?? '', 0o700)
    const server = await startServer(env)
    const folder = /"folder":"([^"]+)"/.exec(server.output())?.[1] ?? ''
    folders.push(dirname(folder))
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
    expect(await server.stop()).toEqual({ code: 0, signal: null })
  },
)
