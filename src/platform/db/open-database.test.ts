import { sql } from 'kysely'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDatabase, type TestDatabase } from '../../../test/database.ts'
import { serverOf, startRelay } from '../../../test/relay.ts'
import { openDatabase } from './open-database.ts'

const log = pino({ level: 'silent' })
const patience = { lockMs: 200, statementMs: 400 }
let database: TestDatabase
beforeAll(async () => {
  database = await makeDatabase()
})
afterAll(() => database.drop())

const open = (url = database.url) => openDatabase({ url, role: undefined, maxConnections: 2, log, patience })
const unavailable = { code: 'unavailable', status: 503, headers: { 'Retry-After': '2' } }

test('what waits too long for a lock, or takes too long, is unavailable, and the next is not', async () => {
  const [impatient, other] = [open(), database.owner]
  const held = await other.hold()
  await held.query("select pg_advisory_lock(hashtext('held'))")
  const waits = { name: 'waits', text: "select pg_advisory_xact_lock(hashtext('held'))" }
  await expect(impatient.run(waits, [])).rejects.toMatchObject({ ...unavailable, cause: { code: '55P03' } })
  held.release()
  await expect(impatient.run({ name: 'slow', text: 'select pg_sleep(5)' }, [])).rejects.toMatchObject({
    ...unavailable,
    cause: { code: '57014' },
  })
  expect(await impatient.run({ name: 'one', text: 'select 1 as one' }, [])).toEqual([{ one: 1 }])
  await impatient.close()
})

test('a standby is unavailable, and no connection to it is kept', async () => {
  const standby = open()
  const pid = async () =>
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(standby.kysely)).rows[0]?.pid
  await sql`set default_transaction_read_only = on`.execute(standby.kysely)
  const before = await pid()
  await expect(sql`create table t ()`.execute(standby.kysely)).rejects.toMatchObject({ code: '25006' })
  expect(await pid()).not.toBe(before)
  await sql`set default_transaction_read_only = on`.execute(standby.kysely)
  await expect(standby.run({ name: 'writes', text: 'create table t ()' }, [])).rejects.toMatchObject(unavailable)
  await sql`create table t ()`.execute(standby.kysely)
  await standby.close()
})

test('a server that falls silent in the middle of a transaction costs its patience once, and the next goes elsewhere', async () => {
  const relay = await startRelay(serverOf(database.url))
  const through = open(relay.through(database.url))
  const began = Date.now()
  const gone = through.kysely.transaction().execute(async (transaction) => {
    await sql`select 1`.execute(transaction)
    relay.fallSilent()
    await sql`select 2`.execute(transaction)
  })
  await expect(gone).rejects.toThrow('Query read timeout')
  expect(Date.now() - began).toBeLessThan(2 * (patience.statementMs + 2_000))
  expect(await through.run({ name: 'one', text: 'select 1 as one' }, [])).toEqual([{ one: 1 }])
  await through.close()
  relay.close()
})
