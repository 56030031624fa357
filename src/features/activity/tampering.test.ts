import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeProduct, makeWaitlist, type TestProduct } from '../../../test/make.ts'
import { makeLog, openAsSuperuser, tamper } from '../../../test/tampering.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Services } from '../../platform/services.ts'
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

describe('a superuser with every protection off is found out:', () => {
  test.each<[string, string[], number, RegExp]>([
    [
      'a changed name',
      [`update activities set actor_name = 'Eve' where organisation_id = $1 and number = 5`],
      5,
      /altered/,
    ],
    [
      'a microsecond',
      [
        `update activities set occurred_at = occurred_at + interval '1 microsecond' where organisation_id = $1 and number = 7`,
      ],
      7,
      /altered/,
    ],
    [
      'an address put where none was',
      [`update activities set ip = '' where organisation_id = $1 and number = 1`],
      1,
      /altered/,
    ],
    ['details', [`update activities set changes = '{}' where organisation_id = $1 and number = 12`], 12, /altered/],
    [
      'a row taken out of the middle',
      ['delete from activities where organisation_id = $1 and number = 6'],
      6,
      /missing/,
    ],
    [
      'the same, and its hash',
      ['activities', 'activity_hashes'].map(
        (table) => `delete from ${table} where organisation_id = $1 and number = 6`,
      ),
      6,
      /missing/,
    ],
    [
      'the first row',
      ['activities', 'activity_hashes'].map(
        (table) => `delete from ${table} where organisation_id = $1 and number = 1`,
      ),
      1,
      /missing/,
    ],
    [
      'a swapped pair',
      [
        'update activities set number = 99 where organisation_id = $1 and number = 4',
        'update activities set number = 4 where organisation_id = $1 and number = 9',
        'update activities set number = 9 where organisation_id = $1 and number = 99',
      ],
      4,
      /moved: it stands as row 9/,
    ],
    [
      'a new hash for a changed row',
      [
        `update activities set actor_name = 'Eve' where organisation_id = $1 and number = 5`,
        `update activity_hashes h set hash = activity_hash((select hash from activity_hashes where organisation_id = $1 and number = 4), activity_text(a))
         from activities a where a.organisation_id = $1 and a.number = 5 and h.organisation_id = $1 and h.number = 5`,
      ],
      6,
      /altered/,
    ],
    ['a hash taken away', ['delete from activity_hashes where organisation_id = $1 and number = 8'], 8, /no hash/],
    ['the newest rows', ['delete from activities where organisation_id = $1 and number > 10'], 11, /missing/],
    [
      'the newest rows and their hashes',
      ['activities', 'activity_hashes'].map(
        (table) => `delete from ${table} where organisation_id = $1 and number > 10`,
      ),
      11,
      /missing/,
    ],
    [
      'a row put in at the end',
      [
        `insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_name, targets)
        values ($1, 13, now(), 'waitlist.created', 'system', 'System', '[]')`,
      ],
      13,
      /put in/,
    ],
  ])('%s', async (_, statements, number, what) => {
    const organisation = await makeLog(product)
    await chain()
    await tamper(superuser, organisation, ...statements)
    await chain()
    const { problem } = await verifyActivities(organisation.ctx)
    expect(problem).toMatchObject({ number, what: expect.stringMatching(what) })
    // And nothing is said of another's log.
    expect((await verifyActivities((await makeLog(product)).ctx)).problem).toBeNull()
  })

  test('a tail cut off with everything that told of it, by a head that was noted', async () => {
    const organisation = await makeLog(product)
    const head = await getChainHead(organisation.ctx)
    expect((await verifyActivities(organisation.ctx, head)).problem).toBeNull()
    await tamper(
      superuser,
      organisation,
      'delete from activities where organisation_id = $1 and number > 10',
      'delete from activity_hashes where organisation_id = $1 and number > 10',
      'update activity_chains set last_number = 10, last_hash = (select hash from activity_hashes where organisation_id = $1 and number = 10) where organisation_id = $1',
      'update organisation_counters set last_activity_number = 10 where organisation_id = $1',
    )
    expect((await verifyActivities(organisation.ctx)).problem).toBeNull()
    expect((await verifyActivities(organisation.ctx, head)).problem).toEqual({
      number: 11,
      what: 'is missing, and the rows up to 12',
    })
    // Two other rows in their place do not fit it.
    await makeWaitlist(organisation)
    await makeWaitlist(organisation)
    await chain()
    expect((await verifyActivities(organisation.ctx)).problem).toBeNull()
    expect((await verifyActivities(organisation.ctx, head)).problem).toMatchObject({
      number: 12,
      what: expect.stringMatching(/another hash/),
    })
  })
})
