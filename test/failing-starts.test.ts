import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findPostmaster, isAlive } from '../src/platform/db/embedded/postmaster.ts'
import { startEmbeddedPostgres } from '../src/platform/db/embedded/start-embedded-postgres.ts'
import { cliJson, makeDataDir, postmasterPid, runCli, startServer } from './processes.ts'

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

/** What both the server and a command say about it, in one sentence and without a stack. */
async function refusalOf(env: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await runCli(env, 'migrate')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).not.toMatch(/^\s+at /m)
  const sentence = stderr.trim().split('\n').at(-1) ?? ''
  // Which file was looked for, and the number of a process, differ.
  const cause = sentence.replace(/ \(\/.*|\d+": No space.*/s, '')
  await expect(startServer(env)).rejects.toThrow(`QueueUp did not start: ${cause}`)
  return sentence
}

describe('a database that cannot start is refused with the cause and the way out', () => {
  test('one of another major version', async () => {
    const env = copyOfSource()
    writeFileSync(join(env.DATA_DIR, 'pg', 'data', 'PG_VERSION'), '17\n')
    expect(await refusalOf(env)).toMatch(
      /^The embedded database was made by PostgreSQL 17, and this version of QueueUp brings PostgreSQL 18[.\d]*\. Make a backup/,
    )
    expect(postmasterPid(env)).toBeUndefined()
  })

  test.each([
    ['postgresql.conf', 'max_connections = many\n', /does not start: .*max_connections/],
    ['pg_hba.conf', 'nonsense\n', /does not start: .*pg_hba\.conf/],
  ])('one whose %s is broken', async (file, text, expected) => {
    const env = copyOfSource()
    writeFileSync(join(env.DATA_DIR, 'pg', 'data', file), text)
    expect(await refusalOf(env)).toMatch(expected)
  })

  test('one without its control file', async () => {
    const env = copyOfSource()
    rmSync(join(env.DATA_DIR, 'pg', 'data', 'global', 'pg_control'))
    expect(await refusalOf(env)).toMatch(/does not start: .*(control|database system)/)
  })

  test('one whose password file is another one, or gone', async () => {
    const env = copyOfSource()
    const path = join(env.DATA_DIR, 'pg', 'password')
    writeFileSync(path, 'another')
    expect(await refusalOf(env)).toMatch(
      /^The password in .* is not that of the embedded database\. Bring back the file/,
    )
    rmSync(path)
    expect(await refusalOf(env)).toBe(
      `${path} is missing. Bring it back from where it was copied from, or restore a backup.`,
    )
    expect(postmasterPid(env)).toBeUndefined()
  })
})

test('a database whose files were opened to others, or closed to their own user, is closed again and starts', async () => {
  for (const modes of [
    [0o755, 0o777, 0o644],
    [0o500, 0o400, 0o400],
    [0o000, 0o000, 0o000],
  ] as const) {
    const env = copyOfSource()
    const pg = join(env.DATA_DIR, 'pg')
    const paths = [join(pg, 'password'), join(pg, 'data'), pg]
    paths.forEach((path, i) => {
      chmodSync(path, modes[2 - i] ?? 0)
    })
    expect(await slugs(env)).toEqual(['acme'])
    expect(paths.map((path) => (statSync(path).mode & 0o777).toString(8))).toEqual(['600', '700', '700'])
  }
})

test.each(['000', '022', '077', '777'])(
  'under the umask %s it makes what it needs, for its own user alone',
  async (umask) => {
    const env = { DATA_DIR: join(newFolder(), 'data') }
    const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
    const shell = `umask ${umask} && exec "${process.execPath}" "${cli}" migrate`
    execFileSync('sh', ['-c', shell], { env: { PATH: process.env.PATH, ...env }, stdio: 'pipe' })
    expect((statSync(join(env.DATA_DIR, 'pg')).mode & 0o777).toString(8)).toBe('700')
    expect((statSync(join(env.DATA_DIR, 'secret-key')).mode & 0o777).toString(8)).toBe('600')
    expect(await slugs(env)).toEqual([])
  },
)

describe('a data directory that cannot be made is refused at once, with the folder in the way', () => {
  const folder = mkdtempSync(join(tmpdir(), 'queueup-in-the-way-'))
  writeFileSync(join(folder, 'file'), '')
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  symlinkSync(join(folder, 'circle'), join(folder, 'circle'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test.each([
    ['/proc/x', 'ENOENT'],
    ['/proc/x/y/z', 'ENOENT'],
    ['/sys/queueup/data', 'E(?:ACCES|PERM|NOENT|ROFS)'],
    [join(folder, 'file'), 'ENOTDIR'],
    [join(folder, 'file', 'data'), 'ENOTDIR'],
    [join(folder, 'dangling'), 'EEXIST'],
    [join(folder, 'dangling', 'data'), 'EEXIST'],
    [join(folder, 'circle', 'data'), 'ELOOP'],
    [join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
    ['/dev/null', 'ENOTDIR'],
  ])('%s', async (dataDir, code) => {
    const sentence = await refusalOf({ DATA_DIR: dataDir })
    expect(sentence).toMatch(
      new RegExp(`^DATA_DIR ${dataDir} cannot be used: ${code}, .*Make it usable, or set another one\\.$`),
    )
  })
})

test('a full disk is named as the cause, and leaves nothing half made', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'small'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=711', 'tmpfs', join(folder, 'small')], { stdio: 'pipe' })
  } catch {
    process.stdout.write('failing starts: a full disk is not tried, since no file system can be mounted here\n')
    return
  }
  try {
    expect(await refusalOf({ DATA_DIR: join(folder, 'small', 'data') })).toMatch(/No space left on device|ENOSPC/)
    expect(existsSync(join(folder, 'small', 'data', 'pg'))).toBe(false)
  } finally {
    execFileSync('umount', [join(folder, 'small')])
  }
})

test("variables of PostgreSQL's own client decide nothing", async () => {
  const env = {
    ...copyOfSource(),
    PGHOST: '192.0.2.1',
    PGPORT: '1',
    PGUSER: 'nobody',
    PGPASSWORD: 'wrong',
    PGDATABASE: 'other',
    PGSSLMODE: 'require',
    PGOPTIONS: '-c default_transaction_read_only=on',
    PGCLIENTENCODING: 'LATIN1',
    PGCONNECT_TIMEOUT: '1',
    PGTZ: 'Asia/Tokyo',
    PGSERVICE: 'none',
    PGDATA: '/nowhere',
    PGAPPNAME: 'other',
    PGSSLROOTCERT: '/nowhere',
  }
  expect(await slugs(env)).toEqual(['acme'])
  const server = await startServer(env)
  expect(await (await fetch(`${server.url}/readyz`)).text()).toContain('ready')
  await server.stop()
})

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
      for (const afterMs of [150, 250, 400, 600, 900]) {
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

test('the log of the database keeps no process alive that a failed start has begun', async () => {
  const env = copyOfSource()
  writeFileSync(join(env.DATA_DIR, 'pg', 'password'), 'another')
  await refusalOf(env)
  const file = join(env.DATA_DIR, 'pg', 'data', 'postmaster.pid')
  const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : 0
  expect(pid > 0 && isAlive(pid)).toBe(false)
})
