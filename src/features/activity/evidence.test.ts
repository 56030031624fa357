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

  test('is over each row as PostgreSQL writes jsonb', async () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))
    const optional = fc.option(text)
    const row = fc.record({
      ...{ action: fc.constantFrom('subscriber.joined', 'api_key.revoked'), actor_name: text, actor_id: optional },
      ...{ request_id: optional, ip: optional, user_agent: optional, number: fc.integer({ min: 1 }) },
      targets: fc.array(fc.dictionary(text, text)),
      changes: fc.option(fc.dictionary(text, fc.dictionary(text, optional))),
      occurred_at: fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 20, maxLength: 20 }), async (rows) => {
        const whole = rows.map((some) => ({ ...some, organisation_id: 'org_1', id: 'act_1', actor_type: 'user' }))
        const { rows: texts } = await sql<{ ours: string; theirs: string }>`
          select activity_text(a) as ours, jsonb_build_object(
            'organisation_id', a.organisation_id, 'number', a.number, 'id', a.id,
            'occurred_at', to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'action', a.action,
            'actor_type', a.actor_type, 'actor_id', a.actor_id, 'actor_name', a.actor_name, 'targets', a.targets,
            'changes', a.changes, 'request_id', a.request_id, 'ip', a.ip, 'user_agent', a.user_agent)::text as theirs
          from jsonb_populate_recordset(null::activities, ${JSON.stringify(whole)}::jsonb) a`.execute(superuser.kysely)
        expect(texts.map(({ ours }) => ours)).toEqual(texts.map(({ theirs }) => theirs))
        expect(texts).toHaveLength(20)
      }),
      { numRuns: 50 },
    )
  })
})
