import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { canEnter, findServerUser } from '../src/platform/db/embedded/system-user.ts'
import { cliJson, makeDataDir, runCli, startServer } from './processes.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const user = findServerUser()
const canLend = user !== undefined && canEnter(user, join(root, 'dist'))
if (!canLend)
  process.stdout.write('which database: what root does beside another user is not tried, for want of root\n')

const made: string[] = []
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
})

function newFolder(): string {
  const folder = makeDataDir()
  made.push(folder)
  return folder
}

const createOrg = (env: Record<string, string>) =>
  cliJson(env, 'org', 'create', '--name', 'Acme', '--owner-email', 'ada@example.com')
const slugs = async (env: Record<string, string>) =>
  (await cliJson(env, 'org', 'list')).items.map(({ slug }: { slug: string }) => slug)

test.each([
  [['org', 'list']],
  [['org', 'set-plan', '--org', 'acme', '--plan', 'free']],
  [['key', 'list', '--org', 'acme']],
  [['doctor']],
  [['backup', 'made.backup']],
  [['activity', 'heads']],
  [['password', 'reset', '--email', 'ada@example.com']],
])('%j in a folder without data makes nothing and says that there are none', async (args) => {
  const folder = newFolder()
  for (const dataDir of [folder, join(folder, 'not', 'there')]) {
    const { code, stdout, stderr } = await runCli({ DATA_DIR: dataDir }, ...args)
    expect([code, stdout, stderr]).toEqual([
      1,
      '',
      `There is no QueueUp database in ${dataDir}. Set DATA_DIR to the data directory of your server, or start the server there first.\n`,
    ])
  }
  expect(readdirSync(folder)).toEqual([])
})

test('the command that makes the first organisation makes the database, and says so once', async () => {
  const env = { DATA_DIR: join(newFolder(), 'data') }
  const create = () => runCli(env, 'org', 'create', '--name', 'Acme', '--owner-email', 'ada@example.com')
  expect((await create()).stderr).toBe(`A new, empty database is made in ${env.DATA_DIR}.\n`)
  expect((await create()).stderr).toBe('')
  expect(await slugs(env)).toEqual(['acme', expect.stringMatching(/^acme-/)])
})

test('a data directory that was moved is found, and one whose database is missing is refused and left as it is', async () => {
  const folder = newFolder()
  const before = { DATA_DIR: join(folder, 'before') }
  const { slug } = await createOrg(before)
  const env = { DATA_DIR: join(folder, 'after') }
  renameSync(before.DATA_DIR, env.DATA_DIR)
  expect(await slugs(env)).toEqual([slug])

  renameSync(join(env.DATA_DIR, 'pg'), join(folder, 'pg'))
  const left = readdirSync(env.DATA_DIR)
  const missing = `The database of DATA_DIR ${env.DATA_DIR} is missing: it was in ${join(env.DATA_DIR, 'pg')}.`
  const { code, stderr } = await runCli(env, 'org', 'list')
  expect([code, stderr]).toEqual([1, expect.stringContaining(missing)])
  expect((await runCli(env, 'org', 'create', '--name', 'B', '--owner-email', 'b@example.com')).stderr).toContain(
    missing,
  )
  await expect(startServer(env)).rejects.toThrow(missing)
  expect(readdirSync(env.DATA_DIR)).toEqual(left)

  renameSync(join(folder, 'pg'), join(env.DATA_DIR, 'pg'))
  expect(await slugs(env)).toEqual([slug])
})

describe.skipIf(!canLend)('as root', () => {
  const lent = user ?? { name: '', uid: 0, gid: 0 }
  /** A data directory of that user. It may not write to the file in which tests gather what was sent. */
  const lentFolder = () => {
    const folder = newFolder()
    chownSync(folder, lent.uid, lent.gid)
    return { DATA_DIR: folder, WATCHED_STATEMENTS: '' }
  }

  test('beside a data directory of another user, root works as that user and leaves nothing that it could not use', async () => {
    const env = lentFolder()
    chmodSync(env.DATA_DIR, 0o700)
    const { slug } = await createOrg(env)
    const service = spawn(process.execPath, [join(root, 'dist', 'main.js')], {
      env: { PATH: process.env.PATH, PORT: '0', ...env },
      uid: lent.uid,
      gid: lent.gid,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(service, 'exit')
    let output = ''
    service.stdout.on('data', (chunk) => {
      output += chunk
    })
    await expect.poll(() => output, { timeout: 30_000 }).toContain('QueueUp is ready')
    expect(await slugs(env)).toEqual([slug])
    expect(await cliJson(env, 'doctor')).toMatchObject({ ok: true })
    const backup = join(env.DATA_DIR, 'made.backup')
    expect((await cliJson(env, 'backup', backup)).rows.organisations).toBe(1)
    service.kill()
    expect(await ended).toEqual([0, null])

    expect(await slugs(env)).toEqual([slug])
    const server = await startServer(env)
    expect(server.output()).toContain(`runs as the user ${lent.name}, whom DATA_DIR belongs to`)
    await server.stop()
    const owners = readdirSync(env.DATA_DIR, { recursive: true, encoding: 'utf8' }).map(
      (path) => lstatSync(join(env.DATA_DIR, path)).uid,
    )
    expect([...new Set(owners)]).toEqual([lent.uid])
  })

  test('a file that the owner of the data directory may not write is refused with that name', async () => {
    const env = lentFolder()
    await createOrg(env)
    const closed = newFolder()
    chmodSync(closed, 0o700)
    const { code, stderr } = await runCli(env, 'backup', join(closed, 'made.backup'))
    expect([code, stderr]).toEqual([1, expect.stringMatching(/made\.backup cannot be written: EACCES/)])
  })

  test('a folder on the way that was closed later stops the start, and shows no empty product', async () => {
    const folder = newFolder()
    const env = { DATA_DIR: join(folder, 'data') }
    const { slug } = await createOrg(env)
    chmodSync(folder, 0o700)
    const refusal = `The database in ${join(env.DATA_DIR, 'pg')} belongs to the user ${lent.name}, who may no longer enter a folder on the way there.`
    expect((await runCli(env, 'org', 'list')).stderr).toContain(refusal)
    await expect(startServer(env)).rejects.toThrow(refusal)
    chmodSync(folder, 0o711)
    expect(await slugs(env)).toEqual([slug])
  })

  test('below a closed folder the database lies in /var/lib, under a name that the data directory keeps wherever it moves', async () => {
    const folder = newFolder()
    chmodSync(folder, 0o700)
    const before = join(folder, 'before')
    const { slug } = await createOrg({ DATA_DIR: before })
    const name = createHash('sha256').update(before).digest('hex').slice(0, 16)
    const elsewhere = join('/var/lib/queueup', name)
    made.push(elsewhere, join('/var/tmp', `queueup-${name}`))
    expect(readFileSync(join(before, 'cluster-folder'), 'utf8').trim()).toBe(join(elsewhere, 'pg'))
    const after = join(folder, 'after')
    renameSync(before, after)
    expect(await slugs({ DATA_DIR: after })).toEqual([slug])
    expect(readdirSync(after)).not.toContain('pg')

    // As an earlier version left it.
    renameSync(after, before)
    rmSync(join(before, 'cluster-folder'))
    const older = join('/var/tmp', `queueup-${name}`)
    execFileSync('mv', [elsewhere, older])
    const { stderr } = await runCli({ DATA_DIR: before }, 'org', 'list')
    expect(stderr).toContain('which the system may clean away')
    const [, command = ''] = /then start again: (.*)/.exec(stderr) ?? []
    execFileSync('sh', ['-c', command])
    expect(existsSync(older)).toBe(false)
    expect(await slugs({ DATA_DIR: before })).toEqual([slug])
  })

  test('a log of the database that another user left is replaced', async () => {
    const env = lentFolder()
    const { slug } = await createOrg(env)
    const log = join(env.DATA_DIR, 'pg', 'postgres.log')
    chownSync(log, 0, 0)
    expect(await slugs(env)).toEqual([slug])
    expect(lstatSync(log).uid).toBe(lent.uid)
  })
})

test('nothing is made where the data directory cannot be read', async () => {
  const folder = newFolder()
  mkdirSync(join(folder, 'data'))
  chmodSync(join(folder, 'data'), 0o000)
  const env = { DATA_DIR: join(folder, 'data') }
  const { code, stderr } = await runCli(env, 'org', 'list')
  expect([code, stderr]).toEqual([1, expect.stringMatching(/There is no QueueUp database|cannot be used: EACCES/)])
  chmodSync(join(folder, 'data'), 0o700)
  expect(readdirSync(join(folder, 'data'))).toEqual([])
})
