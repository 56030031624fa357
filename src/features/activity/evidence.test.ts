import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProduct, makeWaitlist, type TestOrganisation, type TestProduct } from '../../../test/make.ts'
import { makeLog, openAsSuperuser } from '../../../test/tampering.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Services } from '../../platform/services.ts'
import { toJsonbText } from './activity-hash.ts'
import { chainActivities } from './chain-activities.ts'
import { getChainHead } from './chain-head.ts'
import { verifyActivities } from './verify-activities.ts'

let product: TestProduct
let services: Services
let superuser: Database
beforeAll(async () => {
  product = await makeProduct()
  services = { ...product.services, db: product.database.jobs }
  superuser = openAsSuperuser(product)
})
afterAll(async () => {
  await superuser.close()
  await product.close()
})

const chain = () => chainActivities(services)

const hashesOf = ({ id }: TestOrganisation) =>
  product.database.owner.kysely
    .selectFrom('activity_hashes')
    .selectAll()
    .where('organisation_id', '=', id)
    .orderBy('number')
    .execute()

describe('the chain', () => {
  test('gives every row one hash, in order, whoever makes it and however many at once', async () => {
    const organisation = await makeLog(product)
    await Promise.all([chain(), getChainHead(organisation.ctx), chain(), makeWaitlist(organisation), chain()])
    await chain()
    const hashes = await hashesOf(organisation)
    expect(hashes.map(({ number }) => number)).toEqual(Array.from({ length: 13 }, (_, i) => i + 1))
    expect(await verifyActivities(organisation.ctx)).toMatchObject({ first: 1, last: 13, unchained: 0, problem: null })
    await chain()
    expect(await hashesOf(organisation)).toEqual(hashes)
  })

  test('goes on after a crash in the middle of a batch', async () => {
    const organisation = await makeLog(product)
    await product.database.owner.kysely
      .transaction()
      .execute(async (transaction) => {
        await sql`select chain_activities(${organisation.id}, 5)`.execute(transaction)
        throw new Error('crash')
      })
      .catch(() => undefined)
    await sql`select chain_activities(${organisation.id}, 5)`.execute(product.database.owner.kysely)
    expect(await verifyActivities(organisation.ctx)).toMatchObject({ last: 12, unchained: 7, problem: null })
    await chain()
    expect(await verifyActivities(organisation.ctx)).toMatchObject({ last: 12, unchained: 0, problem: null })
  })

  test('is made without waiting for those who write, who do not wait for it', async () => {
    const organisation = await makeLog(product)
    await product.database.owner.kysely.transaction().execute(async (transaction) => {
      await sql`select from organisation_counters where organisation_id = ${organisation.id} for update`.execute(
        transaction,
      )
      await chain()
      await sql`select from activity_chains where organisation_id = ${organisation.id} for update`.execute(transaction)
    })
    await product.database.owner.kysely.transaction().execute(async (transaction) => {
      await sql`select from activity_chains where organisation_id = ${organisation.id} for update`.execute(transaction)
      await makeWaitlist(organisation)
    })
    expect(await hashesOf(organisation)).toHaveLength(12)
  })

  test('is neither written nor changed by the application, nor changed by the tables’ owner', async () => {
    const organisation = await makeLog(product)
    await chain()
    const { kysely } = product.database.database
    const statements = [
      sql`insert into activity_hashes (organisation_id, number, hash) values (${organisation.id}, 99, sha256(''))`,
      sql`update activity_hashes set hash = sha256('') where organisation_id = ${organisation.id}`,
      sql`delete from activity_hashes where organisation_id = ${organisation.id}`,
      sql`update activity_chains set last_number = 99 where organisation_id = ${organisation.id}`,
      sql`select chain_activities(${organisation.id}, 1)`,
    ]
    for (const statement of statements) await expect(statement.execute(kysely)).rejects.toThrow(/permission denied/)
    for (const statement of [
      ...statements.slice(1, 3),
      sql`truncate activity_hashes`,
      sql`update activity_chains set last_number = 1 where organisation_id = ${organisation.id}`,
      sql`delete from activity_chains where organisation_id = ${organisation.id}`,
    ])
      await expect(statement.execute(product.database.owner.kysely)).rejects.toThrow(/never change|only grows/)
    // Replica mode puts ordinary triggers to rest; these do not rest.
    await expect(
      superuser.kysely.transaction().execute(async (transaction) => {
        await sql`set local session_replication_role = replica`.execute(transaction)
        await sql`update activities set actor_name = 'Eve' where organisation_id = ${organisation.id}`.execute(
          transaction,
        )
      }),
    ).rejects.toThrow(/never change/)
  })

  test('has the form that the guide tells, whatever a row holds', async () => {
    const json = fc
      .jsonValue({ maxDepth: 4 })
      .filter((value) => !JSON.stringify(value).includes('\\u0000') && !/\\ud[89a-f]/i.test(JSON.stringify(value)))
    await fc.assert(
      fc.asyncProperty(fc.array(json, { minLength: 20, maxLength: 20 }), async (values) => {
        const { rows } = await sql<{ text: string }>`
          select value::text as text from jsonb_array_elements(${JSON.stringify(values)}::jsonb) with ordinality t(value, n) order by n`.execute(
          superuser.kysely,
        )
        expect(values.map(toJsonbText)).toEqual(rows.map(({ text }) => text))
      }),
      { numRuns: 50 },
    )
  })
})
