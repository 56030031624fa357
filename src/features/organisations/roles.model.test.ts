import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProduct, type TestProduct } from '../../../test/make.ts'
import { mailedPath, signUp } from '../../../test/people.ts'
import { type Action, type Model, predict } from '../../../test/roles-model.ts'
import type { Actor, Role } from '../../platform/context.ts'
import { createOrganisation } from './create-organisation.ts'

let product: TestProduct
let people: (Awaited<ReturnType<typeof signUp>> & { id: string })[]
beforeAll(async () => {
  product = await makeProduct()
  people = await Promise.all(
    ['ada', 'grace', 'edsger', 'barbara', 'eve'].map(async (name) => {
      const user = await signUp(product, `${name}@example.com`)
      const { kysely } = product.database.owner
      const { id } = await kysely
        .selectFrom('users')
        .select('id')
        .where('email', '=', user.email)
        .executeTakeFirstOrThrow()
      return { ...user, id }
    }),
  )
})
afterAll(() => product.close())

const person = fc.nat({ max: 4 })
const role = fc.constantFrom<Role>('owner', 'admin', 'member')
const actions: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('invite' as const), by: person, whom: person, role }),
  fc.record({ do: fc.constant('accept' as const), by: person, whom: person }),
  // By whom it is for: otherwise nobody would ever join.
  person.map((who) => ({ do: 'accept' as const, by: who, whom: who })),
  fc.record({ do: fc.constant('withdraw' as const), by: person, whom: person }),
  fc.record({ do: fc.constant('change role' as const), by: person, whom: person, role }),
  fc.record({ do: fc.constant('remove' as const), by: person, whom: person }),
  fc.record({ do: fc.constant('transfer' as const), by: person, whom: person }),
  fc.record({
    do: fc.constant('switch plan' as const),
    by: person,
    plan: fc.constantFrom('free' as const, 'pro' as const, 'team' as const),
  }),
  fc.record({ do: fc.constant('create waitlist' as const), by: person }),
  fc.record({ do: fc.constant('create key' as const), by: person }),
  fc.record({
    do: fc.constant('look' as const),
    by: person,
    at: fc.constantFrom('waitlists', 'members', 'activity', 'api-keys', 'plan', 'settings'),
  }),
)

/** What two owners may do to each other and themselves. */
const owner = fc.nat({ max: 1 })
const amongOwners: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('change role' as const), by: owner, whom: owner, role }),
  fc.record({ do: fc.constant('remove' as const), by: owner, whom: owner }),
  fc.record({ do: fc.constant('transfer' as const), by: owner, whom: owner }),
)

/** An organisation of Ada's in which Grace is an admin and Edsger a member; Barbara is invited as an owner, Eve as a member. */
async function found(): Promise<Place> {
  const { services } = product
  // Links that lead nowhere are limited, and here are hundreds.
  await sql`delete from rate_limits`.execute(product.database.owner.kysely)
  const [ada, grace, edsger] = people
  if (!ada || !grace || !edsger) throw new Error('nobody is there')
  const organisation = await services.db.kysely.transaction().execute(async (sql) => {
    const actor: Actor = { type: 'user', id: ada.id, name: ada.email, role: 'owner' }
    const owner = { id: ada.id, name: ada.email }
    const made = await createOrganisation(services, sql, { name: 'Model', plan: 'team', owner }, actor, undefined)
    const member = (who: { id: string }, role: Role) => ({ organisation_id: made.id, user_id: who.id, role })
    await sql
      .insertInto('members')
      .values([member(grace, 'admin'), member(edsger, 'member')])
      .execute()
    return made
  })
  const place: Place = {
    organisation,
    model: { roles: { 0: 'owner', 1: 'admin', 2: 'member' }, invitations: {}, plan: 'team', waitlists: 0 },
    links: new Map(),
    names: { count: 0 },
  }
  await follow(place, { do: 'invite', by: 0, whom: 3, role: 'owner' })
  await follow(place, { do: 'invite', by: 0, whom: 4, role: 'member' })
  return place
}

interface Place {
  organisation: { id: string; slug: string }
  model: Model
  /** The newest invitation of each person. */
  links: Map<number, { path: string; id: string }>
  names: { count: number }
}

/** Does it in the product and in the model; answers the status of each, and whether the model changed. */
async function follow(place: Place, action: Action) {
  const { status, after } = predict(place.model, action)
  const answered = await act(place, action)
  const isChange = after !== place.model
  place.model = after
  if (isChange && action.do === 'invite') await keepLink(place, action.whom)
  return { status, answered, isChange }
}

/** Does it for real, over HTTP; answers the status. */
async function act({ organisation, links, names }: Place, action: Action): Promise<number> {
  const home = `/o/${organisation.slug}`
  const user = people[action.by]
  if (!user) throw new Error('nobody')
  const whom = 'whom' in action ? people[action.whom] : undefined
  const link = 'whom' in action ? links.get(action.whom) : undefined
  const post = async (path: string, form: Record<string, string> = {}) => (await user.post(path, form)).status
  switch (action.do) {
    case 'look':
      return (await user.get(`${home}/${action.at}`)).status
    case 'switch plan':
      return post(`${home}/plan`, { plan: action.plan })
    case 'create waitlist':
      return post(`${home}/waitlists`, { name: `List ${++names.count}` })
    case 'create key':
      return post(`${home}/api-keys`, { name: `Key ${++names.count}`, scopes: 'subscribers:read' })
    case 'invite':
      return post(`${home}/members/invitations`, { email: whom?.email ?? '', role: action.role })
    case 'withdraw':
      return post(`${home}/members/invitations/${link?.id ?? 'inv_none'}/withdraw`)
    case 'accept':
      return post(link?.path ?? '/invitations/none')
    case 'change role':
      return post(`${home}/members/${whom?.id}/role`, { role: action.role })
    case 'remove':
      return post(`${home}/members/${whom?.id}/remove`)
    case 'transfer':
      return post(`${home}/members/transfer`, { to: whom?.id ?? '' })
  }
}

/** Reads the newest link that a person was mailed. */
async function keepLink({ organisation, links }: Place, whom: number): Promise<void> {
  const email = people[whom]?.email ?? ''
  const { id } = await product.database.owner.kysely
    .selectFrom('invitations')
    .select('id')
    .where('organisation_id', '=', organisation.id)
    .where('email', '=', email)
    .orderBy('created_at', 'desc')
    .executeTakeFirstOrThrow()
  links.set(whom, { id, path: await mailedPath(product, email, 'invitations') })
}

/** Everybody's role as stored, and how many rows the log has. */
async function look({ organisation }: Place): Promise<{ roles: Model['roles']; rows: number }> {
  const { kysely } = product.database.owner
  const members = await kysely
    .selectFrom('members')
    .selectAll()
    .where('organisation_id', '=', organisation.id)
    .execute()
  const { n } = await kysely
    .selectFrom('activities')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('organisation_id', '=', organisation.id)
    .executeTakeFirstOrThrow()
  const roles = members.map((member) => [people.findIndex(({ id }) => id === member.user_id), member.role])
  return { roles: Object.fromEntries(roles), rows: n }
}

test('whatever people of any role do, in any order, each answer is the one that the rules predict', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { minLength: 8, maxLength: 18 }), async (sequence) => {
      const place = await found()
      let { rows } = await look(place)
      expect(rows).toBe(3)
      for (const action of sequence) {
        const before = place.model
        const { status, answered, isChange } = await follow(place, action)
        expect([action, before, answered]).toEqual([action, before, status])
        if (isChange) rows += 1
        expect([action, await look(place)]).toEqual([action, { roles: place.model.roles, rows }])
        expect(Object.values(place.model.roles)).toContain('owner')
      }
    }),
    { numRuns: 40 },
  )
}, 300_000)

test('of two things done at the same time, one came first: the answers and the roles are those of some order', async () => {
  const isDone = (status: number) => status < 400
  const pairs = fc.oneof(
    { weight: 1, arbitrary: fc.tuple(actions, actions) },
    { weight: 2, arbitrary: fc.tuple(amongOwners, amongOwners) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(actions, { maxLength: 3 }), pairs, async (before, [one, two]) => {
      const place = await found()
      // Two owners, so that the last-owner rule is never far.
      for (const action of [...before, { do: 'change role', by: 0, whom: 1, role: 'owner' } as Action])
        await follow(place, action)
      const { model } = place
      const statuses = await Promise.all([act(place, one), act(place, two)])
      const seen = { done: statuses.map(isDone), roles: (await look(place)).roles }
      const inOrder = (first: Action, second: Action) => {
        const [a, b] = [predict(model, first), predict(predict(model, first).after, second)]
        return { done: [isDone(a.status), isDone(b.status)], roles: b.after.roles }
      }
      const [forth, back] = [inOrder(one, two), inOrder(two, one)]
      expect([forth, { ...back, done: back.done.toReversed() }]).toContainEqual(seen)
      expect(Object.values(seen.roles)).toContain('owner')
    }),
    { numRuns: 60 },
  )
}, 300_000)
