import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPostmaster } from '../src/platform/db/embedded/postmaster.ts'
import { startEmbeddedPostgres } from '../src/platform/db/embedded/start-embedded-postgres.ts'
import { cliJson, makeDataDir } from './processes.ts'

const log = pino({ level: 'silent' })
const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
let source: string
const made: string[] = []

beforeAll(async () => {
  source = newFolder()
  await cliJson({ DATA_DIR: source }, 'org', 'create', '--name', 'Acme', '--owner-email', 'ada@example.com')
})

afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = makeDataDir()
  made.push(folder)
  return folder
}

/** A data directory with one organisation, at rest. */
function copyOfSource(): { DATA_DIR: string } {
  const folder = newFolder()
  execFileSync('cp', ['-a', `${source}/.`, folder])
  return { DATA_DIR: folder }
}

const slugs = async (env: Record<string, string>) =>
  (await cliJson(env, 'org', 'list')).items.map(({ slug }: { slug: string }) => slug)

describe('a signal during the start ends it, with its database', () => {
  const start = (env: Record<string, string>) => {
    const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH, PORT: '0', ...env }, stdio: 'pipe' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    return { child, ended: once(child, 'exit'), output: () => output }
  }
  const database = ({ DATA_DIR }: { DATA_DIR: string }) => findPostmaster(join(DATA_DIR, 'pg', 'data'))

  test('while another process migrates', async () => {
    const env = copyOfSource()
    const postgres = await startEmbeddedPostgres({ dataDir: env.DATA_DIR, log })
    postgres.leave()
    const holder = new pg.Client({ connectionString: postgres.url })
    holder.on('error', () => undefined)
    await holder.connect()
    await holder.query("select pg_advisory_lock(hashtext('queueup migrations'))")
    const { child, ended, output } = start(env)
    await expect.poll(output, { timeout: 20_000 }).toContain('waiting for another process that migrates this database')
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(database(env)).toBeUndefined()
    void holder.end().catch(() => undefined)
  })

  test('while the database recovers from a crash', async () => {
    const env = copyOfSource()
    const postgres = await startEmbeddedPostgres({ dataDir: env.DATA_DIR, log })
    postgres.leave()
    const killed = database(env)?.pid ?? 0
    process.kill(killed, 'SIGKILL')
    await expect.poll(() => database(env)).toBeUndefined()
    const { child, ended } = start(env)
    await expect.poll(() => database(env)?.pid, { timeout: 20_000, interval: 5 }).toBeGreaterThan(0)
    child.kill('SIGTERM')
    expect((await ended)[0]).toBe(0)
    expect(database(env)).toBeUndefined()
    expect(await slugs(env)).toEqual(['acme'])
  })

  test('at any moment, a first start among them', async () => {
    for (const env of [{ DATA_DIR: join(newFolder(), 'data') }, copyOfSource()]) {
      for (const afterMs of [200, 450, 800]) {
        const { child, ended } = start(env)
        await sleep(afterMs)
        child.kill('SIGTERM')
        const [code, signal] = await ended
        // Before it listens for one, the signal ends it as any process.
        expect([0, null]).toContain(code)
        expect([null, 'SIGTERM']).toContain(signal)
        expect(database(env)).toBeUndefined()
      }
      expect(await cliJson(env, 'migrate')).toEqual({ migrated: true })
    }
  })
})
