import { execFileSync } from 'node:child_process'
import { createWriteStream, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cliJson, makeDataDir, makeKeyByCli, postmasterPid, startCli, startServer } from './processes.ts'

// Each test starts a dozen commands, each with its database.
vi.setConfig({ testTimeout: 150_000 })

const env: Record<string, string> = { DATA_DIR: makeDataDir() }
const pipe = join(env.DATA_DIR ?? '', 'people')
let slug: string
let target: string[]
beforeAll(async () => {
  execFileSync('mkfifo', [pipe])
  const made = await makeKeyByCli(env)
  slug = made.slug
  target = ['--org', slug, '--waitlist', made.waitlist]
})
afterAll(() => rmSync(env.DATA_DIR ?? '', { recursive: true, force: true }))

const countPeople = async (): Promise<number> =>
  (await cliJson(env, 'waitlist', 'list', '--org', slug)).items[0].subscriber_count

/** An import from a pipe that stays open, as from a terminal, in the middle: two batches of a thousand are in, a third is not whole. */
async function startImport() {
  const before = await countPeople()
  const command = startCli(env, 'subscribers', 'import', ...target, pipe)
  const writer = createWriteStream(pipe)
  writer.on('error', () => undefined)
  writer.write(`email\n${Array.from({ length: 2_500 }, (_, i) => `p${before + i}@example.com\n`).join('')}`)
  await expect.poll(() => countPeople(), { timeout: 90_000 }).toBe(before + 2_000)
  return { ...command, before, closePipe: () => writer.destroy() }
}

/** Every process that works in the cluster of the data directory. */
function databaseProcesses(): string[] {
  const folder = realpathSync(join(env.DATA_DIR ?? '', 'pg', 'data'))
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === folder
    } catch {
      return false
    }
  })
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'an import that is told %s keeps whole batches, logs them, and leaves no database running',
  async (signal, code) => {
    const importing = await startImport()
    expect(databaseProcesses()).not.toEqual([])
    importing.process.kill(signal)
    const { signal: endedBy, code: endedWith, stdout } = await importing.ended
    importing.closePipe()
    expect(endedBy === signal || endedWith === code).toBe(true)
    expect(stdout).toBe('')
    expect(postmasterPid(env)).toBeUndefined()
    expect(databaseProcesses()).toEqual([])
    expect(await countPeople()).toBe(importing.before + 2_000)
    const { items } = await cliJson(env, 'activity', 'list', '--org', slug, '--limit', '1')
    expect(items[0]).toMatchObject({ action: 'subscriber.imported', changes: { after: { added: 2_000 } } })
  },
)

test('beside a server, a command that is told to stop leaves the database to the server', async () => {
  const server = await startServer(env)
  const database = postmasterPid(env)
  const importing = await startImport()
  importing.process.kill('SIGINT')
  await importing.ended
  importing.closePipe()
  expect(postmasterPid(env)).toBe(database)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  expect(await server.stop()).toEqual({ code: 0, signal: null })
})

test('an export whose reader has gone stops as well, without a word', async () => {
  const importing = await startImport()
  importing.closePipe()
  expect((await importing.ended).code).toBe(0)
  const exporting = startCli(env, 'subscribers', 'export', ...target)
  exporting.process.stdout.once('data', () => exporting.process.stdout.destroy())
  const { code, stderr } = await exporting.ended
  expect([code, stderr]).toEqual([141, ''])
  expect(databaseProcesses()).toEqual([])
})
