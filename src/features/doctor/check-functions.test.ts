import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import type { DatabaseRoles } from '../../platform/db/roles.ts'
import { functionsCheck } from './check-functions.ts'

let product: TestProduct
beforeEach(async () => {
  product = await makeProduct()
})
afterEach(() => product.close())

async function find(roles: DatabaseRoles = { owner: 'queueup_owner', app: 'queueup_app' }): Promise<string[]> {
  return product.database.jobs.kysely
    .transaction()
    .execute((transaction) => functionsCheck.find({ sql: transaction, roles, secrets: undefined }))
}

test('nothing is wrong in a database as it is migrated, whether the login has lesser roles or not', async () => {
  expect([await find(), await find({ owner: undefined, app: undefined })]).toEqual([[], []])
})

test.each<[string, string, RegExp]>([
  [
    'a function that everybody may execute',
    'grant execute on function delete_organisation to public',
    /^Everybody who can connect .* delete_organisation\(text\): revoke it with "revoke execute/,
  ],
  [
    'a new function as PostgreSQL makes it',
    'create function planted() returns integer language sql as $$ select 1 $$',
    /^Everybody who can connect .* planted\(\)/,
  ],
  [
    'a trigger function that the application may attach',
    'grant execute on function remove_activities to queueup_app',
    /^The application's role may execute the trigger function remove_activities/,
  ],
  [
    'a function that may be led to tables of its caller',
    'alter function keep_slug reset search_path',
    /^The function keep_slug\(\) does not fix its search_path/,
  ],
  [
    'new functions that would be open',
    'alter default privileges for role queueup_owner grant execute on functions to public',
    /^New functions will be open to everybody/,
  ],
  [
    'a schema that everybody may create in',
    'grant create on schema public to public',
    /^Everybody .* may create objects in schema public/,
  ],
])('%s is found, and said in words', async (_, text, what) => {
  await sql.raw(text).execute(product.database.owner.kysely)
  expect(await find()).toEqual([expect.stringMatching(what)])
})
