import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { FrameWriter } from '../../src/features/backup/backup-file.ts'
import { findBackup, openBackup } from '../../src/features/backup/open-backup.ts'
import { randomBase62 } from '../../src/platform/secrets.ts'
import { cliJson, makeDataDir, makeKeyByCli, runCli } from '../processes.ts'
import { sealBackup, unsealBackup } from '../unsealed-backup.ts'

const secretKey = randomBase62(43)
const folder = makeDataDir()
const source = { DATA_DIR: join(folder, 'source'), SECRET_KEY: secretKey }
const honest = join(folder, 'honest.backup')
beforeAll(async () => {
  await makeKeyByCli(source)
  await cliJson(source, 'backup', honest)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const target = (env: Record<string, string> = { SECRET_KEY: secretKey }) => ({
  DATA_DIR: mkdtempSync(join(folder, 'target-')),
  ...env,
})

/** What an attacker who can write where backups lie does: changes an address and computes the checksum again. */
async function forge(): Promise<Buffer> {
  const raw = gunzipSync(await unsealBackup(honest, secretKey))
  let at = raw.indexOf('ada@example.com')
  for (; at >= 0; at = raw.indexOf('ada@example.com', at)) raw.write('eve@example.com', at, 'latin1')
  const end = raw.lastIndexOf('{"rows"') - 5
  raw.write(
    createHash('sha256').update(raw.subarray(0, end)).digest('hex'),
    raw.lastIndexOf('"sha256":"') + 10,
    'latin1',
  )
  return gzipSync(raw)
}

async function refusedWith(path: string, env: Record<string, string>, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(env, 'restore', path, ...options)
  expect([code, stdout, readdirSync(env.DATA_DIR ?? '')]).toEqual([1, '', []])
  return stderr
}

test('a planted address comes in by no backup: not sealed by another key, not in the form of an older version', async () => {
  const forged = await forge()
  const [older, another, keyed] = ['older', 'another', 'keyed'].map((name) => join(folder, `${name}.backup`))
  writeFileSync(older ?? '', forged)
  writeFileSync(another ?? '', await sealBackup(forged, randomBase62(43)))
  const attacker = randomBase62(43)
  writeFileSync(keyed ?? '', await sealBackup(forged, attacker, attacker))
  expect(await refusedWith(older ?? '', target())).toMatch(/not authenticated.*--unauthenticated/)
  expect(await refusedWith(another ?? '', target())).toMatch(/not the one this backup was made with/)
  expect(await refusedWith(keyed ?? '', target())).toMatch(/not the one this backup was made with/)
})

test('an envelope that names the right key does not make another key right', async () => {
  const [line = '', ...rest] = (await sealBackup(await forge(), randomBase62(43))).toString('latin1').split('\n')
  const version = /"secret_version":"(\w+)"/.exec(readFileSync(honest, 'latin1'))?.[1] ?? ''
  const path = join(folder, 'named.backup')
  const renamed = line.replace(/"secret_version":"\w+"/, `"secret_version":"${version}"`)
  writeFileSync(path, Buffer.from([renamed, ...rest].join('\n'), 'latin1'))
  expect(await refusedWith(path, target())).toMatch(/was changed/)
})

test('a backup of version 1 is restored where its operator says so, with a warning', async () => {
  const path = join(folder, 'version-1.backup')
  writeFileSync(path, await unsealBackup(honest, secretKey))
  const env = target()
  const { code, stdout, stderr } = await runCli(env, '--json', 'restore', path, '--unauthenticated')
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^Warning: no SECRET_KEY of yours proves/)])
  expect(JSON.parse(stdout)).toMatchObject({ problems: [] })
})

test('a backup with its key in it is restored where none is known with a warning, and where it is known without one', async () => {
  const path = join(folder, 'with-key.backup')
  await cliJson(source, 'backup', path, '--with-secret-key')
  const unknown = await runCli(target({}), '--json', 'restore', path)
  expect([unknown.code, unknown.stderr]).toEqual([0, expect.stringMatching(/^Warning: no SECRET_KEY of yours proves/)])
  const known = await runCli(target(), '--json', 'restore', path)
  expect([known.code, known.stderr]).toEqual([0, ''])
})

test('while SECRET_KEY is rotated a backup made before is restored, and one made meanwhile too', async () => {
  const next = randomBase62(43)
  const both = { SECRET_KEY: next, SECRET_KEY_PREVIOUS: secretKey }
  const rotating = target(both)
  expect(await cliJson(rotating, 'restore', honest)).toMatchObject({ problems: [] })
  await cliJson(rotating, 'org', 'list')
  const path = join(folder, 'rotating.backup')
  await cliJson(rotating, 'backup', path)
  expect(await refusedWith(path, target())).toMatch(/not the one this backup was made with/)
  expect(await cliJson(target(both), 'restore', path)).toMatchObject({ problems: [], rows: { users: 1 } })
  expect(await refusedWith(honest, target({ SECRET_KEY: next }))).toMatch(/not the one this backup was made with/)
})

test('no backup is written that nothing could open', async () => {
  const path = join(folder, 'none.backup')
  const { code, stderr } = await runCli({ DATA_DIR: source.DATA_DIR }, 'backup', path)
  expect([code, stderr, existsSync(path)]).toEqual([1, expect.stringMatching(/no SECRET_KEY to encrypt/), false])
  const other = { ...source, SECRET_KEY: randomBase62(43) }
  expect((await runCli(other, 'backup', path)).stderr).toMatch(/not the one this database was made with/)
  expect(readdirSync(folder).filter((name) => /none|half/.test(name))).toEqual([])
})

/** A frame of a gigabyte in a file of a megabyte, as a hostile version 1. */
async function memoryOfReading(path: string): Promise<{ bytes: number; error: unknown }> {
  const file = await findBackup(path)
  const before = process.memoryUsage().rss
  let most = 0
  const error = await (async () => {
    for await (const _ of openBackup(file, undefined)) most = Math.max(most, process.memoryUsage().rss - before)
  })().catch((error: unknown) => error)
  return { bytes: Math.max(most, process.memoryUsage().rss - before), error }
}

const header = (writer: FrameWriter) =>
  Buffer.concat([
    writer.json('H', {
      ...{ format: 'queueup-backup', version: 1, made_at: '', secret_version: null },
      migrations: [{ number: 1, name: 'a', checksum: 'b' }],
    }),
    writer.json('T', { name: 'users', columns: ['id'] }),
  ])

test('a small file that says it holds a huge frame costs time in proportion and a bounded amount of memory', async () => {
  const megabytes = 400
  const path = join(folder, 'bomb.backup')
  const writer = new FrameWriter()
  const head = Buffer.alloc(5)
  head.write('D', 'latin1')
  head.writeUInt32BE(2 ** 30 - 1, 1)
  const begin = gzipSync(Buffer.concat([header(writer), head]))
  const zeros = gzipSync(Buffer.alloc(2 ** 20))
  writeFileSync(path, Buffer.concat([begin, ...Array.from({ length: megabytes }, () => zeros)]))
  const { bytes, error } = await memoryOfReading(path)
  expect(String(error)).toMatch(/was cut off/)
  expect(bytes).toBeLessThan(150 * 2 ** 20)
})

test('a frame that must be read whole is refused before it is, and what holds no frames at once', async () => {
  const path = join(folder, 'long-names.backup')
  const head = Buffer.alloc(5)
  head.write('H', 'latin1')
  head.writeUInt32BE(2 ** 30 - 1, 1)
  writeFileSync(path, gzipSync(Buffer.concat([head, Buffer.alloc(50 * 2 ** 20)])))
  const { bytes, error } = await memoryOfReading(path)
  expect([String(error), bytes < 50 * 2 ** 20]).toEqual([expect.stringMatching(/was changed/), true])
  writeFileSync(path, gzipSync(Buffer.alloc(100 * 2 ** 20)))
  expect(String((await memoryOfReading(path)).error)).toMatch(/is not a backup of QueueUp/)
})
