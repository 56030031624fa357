import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { loadSecrets } from '../src/platform/process/load-secret-key.ts'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asApiKey } from './as.ts'
import { openToOthers } from './open-to-others.ts'
import { cliJson, makeDataDir, makeKeyByCli, runCli, type Server, startCli, startServer } from './processes.ts'
import { sealBackup, unsealBackup } from './unsealed-backup.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

const dataDirs: string[] = []

function dataDir(below = ''): { DATA_DIR: string } {
  const folder = makeDataDir()
  folders.push(folder)
  dataDirs.push(join(folder, below))
  return { DATA_DIR: join(folder, below) }
}

const source = dataDir()
const file = join(source.DATA_DIR, 'all.backup')
/** Elsewhere: the data directory is searched for secrets. */
const elsewhere = dataDir().DATA_DIR
const keyed = join(elsewhere, 'keyed.backup')
let made: Awaited<ReturnType<typeof makeKeyByCli>>
let server: Server
/** Everybody who was answered 201 before the backup began. */
let before: string[]
beforeAll(async () => {
  // What the product makes must not hang on what its operator happens to have set.
  process.umask(0)
  made = await makeKeyByCli(source)
  server = await startServer(source)
  const mailed = { method: 'POST', body: new URLSearchParams({ email: 'ada@example.com' }) }
  await fetch(`${server.url}/forgot-password`, { ...mailed, headers: { Origin: server.url } })
  const api = asApiKey(server, made.key)
  const acknowledged: string[] = []
  let writing = true
  const work = Array.from({ length: 4 }, async (_, writer) => {
    for (let i = 0; writing; i++) {
      const email = `w${writer}-${i}@example.com`
      const answer = await api.post(made.path, { email })
      expect(answer.status).toBe(201)
      acknowledged.push(email)
    }
  })
  await vi.waitUntil(() => acknowledged.length > 200, { timeout: 20_000 })
  before = [...acknowledged]
  await cliJson(source, 'backup', file)
  await cliJson(source, 'backup', keyed, '--with-secret-key')
  expect(acknowledged.length).toBeGreaterThan(before.length + 20)
  expect(await cliJson(source, 'doctor')).toMatchObject({ ok: true })
  writing = false
  await Promise.all(work)
  await server.stop()
})

const secretOf = ({ DATA_DIR }: { DATA_DIR: string }) => readFileSync(join(DATA_DIR, 'secret-key'), 'utf8')

async function everybody(env: Record<string, string>): Promise<{ email: string; position: number }[]> {
  const server = await startServer(env)
  const people: { email: string; position: number }[] = []
  for (let page = 1; ; page++) {
    const { items } = (await asApiKey(server, made.key).get(`${made.path}?limit=200&page=${page}`)).json
    people.push(...items)
    if (items.length < 200) break
  }
  // And it goes on.
  expect((await asApiKey(server, made.key).post(made.path, { email: 'next@example.com' })).status).toBe(201)
  await server.stop()
  return people
}

describe('a backup taken while others write', () => {
  test('is for its owner alone to read, and leaves nothing else behind', () => {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(source.DATA_DIR).filter((name) => name.includes('half'))).toEqual([])
    expect(readFileSync(file, 'latin1')).not.toContain(secretOf(source))
    expect(readFileSync(keyed, 'latin1')).toContain(secretOf(source))
  })

  test('tells nobody anything who has the file but not SECRET_KEY: no address, no hash of a password, no name of a table', async () => {
    const inside = gunzipSync(await unsealBackup(file, secretOf(source))).toString('latin1')
    const known = ['ada@example.com', before[0] ?? '', 'subscribers', 'queueup-backup', 'credential']
    for (const word of known) expect(inside).toContain(word)
    expect(inside).not.toContain(secretOf(source))
    expect(inside).not.toContain(made.key)
    const bytes = readFileSync(file)
    const sealed = bytes.subarray(bytes.indexOf('\n') + 1)
    expect(known.filter((word) => sealed.includes(word))).toEqual([])
    expect(() => gunzipSync(sealed)).toThrow(/header/)
  })

  test('is restored elsewhere: everybody who was acknowledged before it, in order, keys and log, and the doctor finds nothing', async () => {
    const copy = { ...dataDir(), SECRET_KEY: secretOf(source) }
    expect(await cliJson(copy, 'restore', file)).toMatchObject({ problems: [] })
    expect(await cliJson(copy, 'doctor')).toMatchObject({ ok: true })
    expect(await cliJson(copy, 'activity', 'verify', '--org', made.slug)).toMatchObject({ ok: true })
    const people = await everybody(copy)
    const emails = new Set(people.map(({ email }) => email))
    expect(before.filter((email) => !emails.has(email))).toEqual([])
    expect(people.map(({ position }) => position)).toEqual(people.map((_, i) => i + 1))
    expect(await cliJson(copy, 'doctor')).toMatchObject({ ok: true })
  })

  test('is of use by itself where SECRET_KEY is in it', async () => {
    const copy = dataDir('made/by/itself')
    await cliJson(copy, 'restore', keyed)
    expect(secretOf(copy)).toBe(secretOf(source))
    expect(statSync(join(copy.DATA_DIR, 'secret-key')).mode & 0o777).toBe(0o600)
    expect((await everybody(copy)).length).toBeGreaterThan(before.length)
    // Once: what is there now is not written over.
    expect(await refused(copy, keyed)).toMatch(/There is a database in DATA_DIR already/)
    expect(await cliJson(copy, 'doctor')).toMatchObject({ ok: true })
  })

  test('is not written over another file', async () => {
    const { code, stderr } = await runCli(source, 'backup', file)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/is there already/)])
    const nowhere = await runCli(source, 'backup', join(source.DATA_DIR, 'none', 'x'))
    expect([nowhere.code, nowhere.stderr]).toEqual([1, expect.stringMatching(/cannot be written/)])
  })
})

async function refused(env: Record<string, string>, path: string): Promise<string> {
  const { code, stdout, stderr } = await runCli(env, 'restore', path)
  expect([code, stdout, stderr.trim().split('\n').length]).toEqual([1, '', 1])
  return stderr
}

describe('a restore is refused with a sentence, and nothing is begun,', () => {
  type Change = (bytes: Buffer) => Buffer | Promise<Buffer>
  const changed = async (name: string, change: Change) => {
    const path = join(elsewhere, name)
    writeFileSync(path, await change(readFileSync(keyed)))
    return path
  }
  const endOf = (raw: Buffer) => raw.lastIndexOf('{"rows"') - 5
  /** What only somebody who has SECRET_KEY can do. */
  const resealed = async (change: (raw: Buffer) => Buffer) => {
    const raw = change(gunzipSync(await unsealBackup(keyed, secretOf(source))))
    return sealBackup(gzipSync(raw), secretOf(source), secretOf(source))
  }
  const flipped = (raw: Buffer, from: string, to: string, hashed = false) => {
    raw.write(to, raw.lastIndexOf(from), 'latin1')
    const hash = createHash('sha256')
      .update(raw.subarray(0, endOf(raw)))
      .digest('hex')
    if (hashed) raw.write(hash, raw.lastIndexOf('"sha256":"') + 10, 'latin1')
    return raw
  }
  const envelopeEnd = (bytes: Buffer) => bytes.indexOf('\n') + 1

  test.each<[string, Change, RegExp]>([
    ['of a file that was cut off', (bytes) => bytes.subarray(0, bytes.length - 40), /was cut off/],
    ['of the first half of a file', (bytes) => bytes.subarray(0, bytes.length / 2), /was cut off/],
    ['of its envelope alone', (bytes) => bytes.subarray(0, envelopeEnd(bytes)), /was cut off/],
    ['of a file cut between two frames', () => resealed((raw) => raw.subarray(0, endOf(raw))), /was cut off/],
    [
      'of the envelope of one backup and the chunks of another',
      (bytes) => {
        const other = readFileSync(file)
        return Buffer.concat([bytes.subarray(0, envelopeEnd(bytes)), other.subarray(envelopeEnd(other))])
      },
      /was changed/,
    ],
    ['of a file with something after its end', (bytes) => Buffer.concat([bytes, Buffer.alloc(40)]), /was changed/],
    [
      'of a file with another byte',
      (bytes) => bytes.fill(bytes[999] === 0 ? 1 : 0, 999, 1_003),
      /was changed|was cut off/,
    ],
    [
      'of a file with another word in it',
      () => resealed((raw) => flipped(raw, 'example.com', 'example.org')),
      /was changed/,
    ],
    ['of nothing', () => Buffer.alloc(0), /not a backup|cut off/],
    ['of something else', () => Buffer.from('hello, this is a text'), /is not a backup/],
    [
      'of another version',
      () => resealed((raw) => flipped(raw, '"name":"0001_foundation', '"name":"0001_something_', true)),
      /newer version of QueueUp, or by another one/,
    ],
  ])('%s', async (name, change, what) => {
    const env = dataDir()
    const path = await changed(`${name.replaceAll(' ', '-')}.backup`, change)
    expect(await refused(env, path)).toMatch(what)
    expect(readdirSync(env.DATA_DIR)).toEqual([])
  })

  test('without its SECRET_KEY, or with another', async () => {
    const env = dataDir()
    expect(await refused(env, file)).toMatch(/does not hold its SECRET_KEY/)
    expect(await refused({ ...env, SECRET_KEY: randomBase62(43) }, file)).toMatch(
      /not the one this backup was made with/,
    )
    expect(readdirSync(env.DATA_DIR)).toEqual([])
  })

  test('where a database is in use already', async () => {
    const kept = { ...source, SECRET_KEY: secretOf(source) }
    expect(await refused(kept, file)).toMatch(/There is a database in DATA_DIR already/)
    expect(await cliJson(source, 'doctor')).toMatchObject({ ok: true })
  })
})

test('a restore that was killed is done again', async () => {
  const env = dataDir()

  const { process: child, ended } = startCli(env, 'restore', keyed)
  await expect
    .poll(() => existsSync(join(env.DATA_DIR, 'pg', 'data', 'postmaster.pid')), { timeout: 20_000, interval: 20 })
    .toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 600))
  child.kill('SIGKILL')
  await ended
  const again = await runCli(env, '--json', 'restore', keyed)
  // Killed after its one transaction, it is there already.
  if (again.code !== 0) expect(again.stderr).toMatch(/already/)
  expect(await cliJson(env, 'doctor')).toMatchObject({ ok: true })
})

test('nothing in a data directory is open to anybody else, whatever the operator allows new files', async () => {
  const outbox = join(source.DATA_DIR, 'outbox')
  expect(readdirSync(outbox).length).toBeGreaterThan(0)
  // Brought from elsewhere, by who did not think of it.
  chmodSync(join(source.DATA_DIR, 'secret-key'), 0o644)
  loadSecrets(source.DATA_DIR, { secretKey: undefined, secretKeyPrevious: undefined })
  // Of this test, not of the product.
  for (const name of readdirSync(elsewhere).filter((name) => /^of-.*\.backup$/.test(name)))
    rmSync(join(elsewhere, name))
  const found = dataDirs.filter((folder) => existsSync(folder)).map(openToOthers)
  expect(found.flatMap(({ open }) => open)).toEqual([])
  const looked = found.reduce((sum, { looked }) => sum + looked, 0)
  process.stdout.write(`data directories: ${looked} files and folders, none open to others\n`)
  expect(looked).toBeGreaterThan(3_000)
})
