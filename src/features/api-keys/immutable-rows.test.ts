import { type Kysely, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeApiKey, makeOrganisation, makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { watchedStatements } from '../../../test/watched-statements.ts'
import type { Tables } from '../../platform/db/tables.ts'
import { revokeApiKey } from './revoke-api-key.ts'

let product: TestProduct
let superuser: pg.Client
beforeAll(async () => {
  product = await makeProduct()
  superuser = new pg.Client({ connectionString: product.database.url })
  await superuser.connect()
})
afterAll(async () => {
  await superuser.end()
  await product.close()
})

const forbidden = {
  'new permissions': "update api_keys set scopes = '{subscribers:read,subscribers:write}' where id = $1",
  'another name': "update api_keys set name = 'other' where id = $1",
  'another organisation': "update api_keys set organisation_id = 'org_other' where id = $1",
  'another prefix': "update api_keys set prefix = 'qu_live_XXXX…' where id = $1",
  'another secret': "update api_keys set secret_hash = '\\x00' where id = $1",
  'a deletion': 'delete from api_keys where id = $1',
  'an emptied table': 'truncate api_keys cascade',
}

describe('a key refuses, even for a superuser who plays replica,', () => {
  for (const [what, text] of Object.entries(forbidden)) {
    test(what, async () => {
      const key = await makeApiKey(await makeOrganisation(product), ['subscribers:read'])
      for (const role of ['origin', 'replica']) {
        await superuser.query(`set session_replication_role = ${role}`)
        await expect(superuser.query(text, text.includes('$1') ? [key.id] : [])).rejects.toThrow(
          /immutable|never deleted/,
        )
      }
      await superuser.query('set session_replication_role = origin')
    })
  }

  test('being un-revoked', async () => {
    const organisation = await makeOrganisation(product)
    const key = await makeApiKey(organisation)
    await revokeApiKey(organisation.ctx, key.id)
    const text = 'update api_keys set revoked_at = null, revoked_by_name = null where id = $1'
    await expect(superuser.query(text, [key.id])).rejects.toThrow(/revoked API key never changes/)
  })
})

test('a log row can be neither changed nor deleted, by anybody', async () => {
  const organisation = await makeOrganisation(product)
  for (const text of [
    "update activities set actor_name = 'nobody' where organisation_id = $1",
    'delete from activities where organisation_id = $1',
  ]) {
    await expect(superuser.query(text, [organisation.id])).rejects.toThrow(/never change/)
  }
  await expect(superuser.query('truncate activities')).rejects.toThrow(/never change/)
})

test('the application role may not even try', async () => {
  const { kysely } = product.database.database
  const tried = [
    "update activities set actor_name = 'x'",
    'delete from activities',
    "update api_keys set scopes = '{}'",
    'delete from api_keys',
    'update line_counts set listed = 0',
  ]
  watchedStatements().forgive((text) => tried.includes(text))
  for (const text of tried) await expect(sql.raw(text).execute(kysely)).rejects.toThrow(/permission denied/)
  await expect(sql`alter table api_keys disable trigger all`.execute(kysely)).rejects.toThrow(/must be owner/)
})

test('the application role sees one organisation at a time, and none by default', async () => {
  const [mine, other] = [await makeOrganisation(product), await makeOrganisation(product)]
  for (const organisation of [mine, other]) {
    await makeWaitlist(organisation)
    await makeApiKey(organisation)
  }
  const { kysely } = product.database.database
  watchedStatements().forgive((text) => text.includes('from api_keys union select organisation_id from waitlists'))
  const visible = async (db: Kysely<Tables>) => {
    const { rows } = await sql<{ organisation_id: string }>`
      select organisation_id from api_keys union select organisation_id from waitlists union select organisation_id from activities`.execute(
      db,
    )
    return rows.map((row) => row.organisation_id)
  }
  expect(await visible(kysely)).toEqual([])
  await kysely.transaction().execute(async (transaction) => {
    await sql`select set_config('app.organisation_id', ${mine.id}, true)`.execute(transaction)
    expect(await visible(transaction)).toEqual([mine.id])
  })
})
