import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { makeDatabase } from './database.ts'

test('a copy of the database answers under the application role', async () => {
  const { database, drop } = await makeDatabase()
  const { rows } = await sql<{ user: string }>`select current_user as user`.execute(database.kysely)
  expect(rows).toEqual([{ user: 'queueup_app' }])
  await drop()
})
