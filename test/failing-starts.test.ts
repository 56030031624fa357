import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cliJson, makeDataDir, postmasterPid, runCli, startServer } from './processes.ts'

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

/** What a command says about it, in one sentence and without a stack; and the server the same. */
async function refusalOf(env: Record<string, string>, starts = ['command', 'server']): Promise<string> {
  const { code, stdout, stderr } = await runCli(env, 'migrate')
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).not.toMatch(/^\s+at /m)
  const sentence = stderr.trim().split('\n').at(-1) ?? ''
  if (!starts.includes('server')) return sentence
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
    const sentence = await refusalOf({ DATA_DIR: dataDir }, ['command'])
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
