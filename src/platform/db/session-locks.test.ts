import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDatabase, type TestDatabase } from '../../../test/database.ts'
import type { HeldConnection } from './database.ts'
import { SessionLocks } from './session-locks.ts'

let database: TestDatabase
let here: SessionLocks
let elsewhere: SessionLocks
beforeAll(async () => {
  database = await makeDatabase()
  here = new SessionLocks(database.database)
  elsewhere = new SessionLocks(database.jobs)
})
afterAll(async () => {
  await here.close()
  await elsewhere.close()
  await database.drop()
})

test('a mark is seen here and elsewhere, at once, and is gone when the work is', async () => {
  const seen = await here.tryWith('a', async () => [
    await here.tryWith('a', async () => 1),
    await elsewhere.tryWith('a', async () => 1),
    await elsewhere.tryWith('b', async () => 1),
  ])
  expect(seen).toEqual([undefined, undefined, 1])
  expect(await elsewhere.tryWith('a', async () => 2)).toBe(2)
})

test('a mark goes when the work fails', async () => {
  await expect(here.tryWith('c', async () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await elsewhere.tryWith('c', async () => 3)).toBe(3)
})

test('a connection that broke meanwhile is made anew, and its marks are gone', async () => {
  expect(await here.tryWith('d', async () => 1)).toBe(1)
  await here.tryWith('e', async () => {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
      .execute(database.another().kysely)
      .catch(() => undefined)
  })
  expect(await elsewhere.tryWith('e', async () => 4)).toBe(4)
  expect(await here.tryWith('e', async () => 5)).toBe(5)
})

test('of many who find the connection broken the first opens the next, and none is left open', async () => {
  const opening: ((connection: HeldConnection) => void)[] = []
  const left = new Set<number>()
  const hold = () => new Promise<HeldConnection>((resolve) => opening.push(resolve))
  const open = (query: () => Promise<unknown[]>) => {
    const which = opening.length
    left.add(which)
    opening.at(-1)?.({ query, release: () => void left.delete(which) } as never)
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const locks = new SessionLocks({ ...database.database, hold })

  const breaking: (() => void)[] = []
  const works = ['f', 'g'].map((name) => locks.tryWith(name, async () => name))
  open(() => new Promise((_, reject) => breaking.push(() => reject(new Error('broken')))))
  await turn()
  // The one finds out, and the next connection is on its way when the other does.
  for (const breakNext of [...breaking]) {
    breakNext()
    await turn()
  }
  expect(opening).toHaveLength(2)
  open(async () => [{ taken: true }])
  expect(await Promise.all(works)).toEqual(['f', 'g'])
  await locks.close()
  expect(left).toEqual(new Set())
})
