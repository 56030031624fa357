import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { reportFigure } from './figures.ts'
import { type Action, type Model, type Person, predict } from './keys-model.ts'
import { type KeysPlace, KeysWorld } from './keys-world.ts'

let world: KeysWorld
/** The SECRET_KEY that each person's session was last renewed under. */
let sessions: Model['sessions'] = { owner: 1, admin: 1 }
const answers: Record<string, number> = {}
let sequences = 0

beforeAll(async () => {
  world = await KeysWorld.open()
})
afterAll(async () => {
  await world.close()
  reportFigure('sequences of what becomes of keys, foretold', sequences)
  reportFigure(
    'answers in them',
    Object.values(answers).reduce((sum, count) => sum + count, 0),
  )
})

/** What goes on behind the answers comes to what the model says: rows of the log, and the secrets of stored hashes. */
async function settle({ ctx, keys }: KeysPlace, model: Model) {
  const { kysely } = world.base.database.owner
  const look = async () => {
    const { rows } = await kysely
      .selectFrom('activities')
      .select((eb) => eb.fn.countAll<number>().as('rows'))
      .where('organisation_id', '=', ctx.organisation.id)
      .executeTakeFirstOrThrow()
    const stored = await kysely
      .selectFrom('api_keys')
      .select(['id', 'secret_version', 'revoked_at'])
      .where('organisation_id', '=', ctx.organisation.id)
      .execute()
    const byId = new Map(stored.map((key) => [key.id, key]))
    const states = keys
      .map(({ id }) => byId.get(id))
      .map((key) => [key?.secret_version === world.serving.services.secrets.version, key?.revoked_at !== null])
    return { rows, states }
  }
  const states = model.keys.map((key) => [key.secret === model.secret, key.revoked])
  await vi.waitFor(async () => expect(await look()).toEqual({ rows: model.rows, states }), {
    interval: 5,
    timeout: 5_000,
  })
}

class Step implements fc.AsyncCommand<{ now: Model }, KeysPlace> {
  readonly #action: Action
  constructor(action: Action) {
    this.#action = action
  }
  /** A key is one of those that there are by now. */
  #toDo({ keys }: Model): Action {
    return 'key' in this.#action ? { ...this.#action, key: this.#action.key % Math.max(1, keys.length) } : this.#action
  }
  check({ now }: { now: Model }): boolean {
    return !('key' in this.#action) || now.keys.length > 0
  }
  async run(model: { now: Model }, place: KeysPlace): Promise<void> {
    const action = this.#toDo(model.now)
    const { answer, body, after } = predict(model.now, action)
    const real = await world.act(place, action)
    expect([action, real.answer]).toEqual([action, answer])
    if (body) expect(real.body).toMatchObject(body)
    await settle(place, after)
    model.now = after
    sessions = after.sessions
    const kind = `${action.do} ${answer}`
    answers[kind] = (answers[kind] ?? 0) + 1
  }
  toString(): string {
    return JSON.stringify(this.#action)
  }
}

const by = fc.constantFrom<Person>('owner', 'admin')
const waitlist = fc.nat({ max: 1 })
const key = fc.nat({ max: 5 })
const scopes = fc.constantFrom<('subscribers:read' | 'subscribers:write')[]>(
  ['subscribers:read', 'subscribers:write'],
  ['subscribers:read'],
  ['subscribers:write'],
)
const use = fc.record({
  do: fc.constant('use' as const),
  key,
  to: fc.constantFrom('list' as const, 'create' as const, 'ask' as const),
  waitlist,
  email: fc.constantFrom('ada@example.com', 'bob@example.com', 'eve@example.com', 'dan@example.com'),
})
const create = fc.record({ do: fc.constant('create key' as const), by, scopes })
const plan = fc.record({
  do: fc.constant('switch plan' as const),
  plan: fc.constantFrom('free' as const, 'pro' as const, 'pro' as const, 'team' as const),
})
const archive = fc.record({ do: fc.constantFrom('archive' as const, 'restore' as const), by, waitlist })
const others = fc
  .constantFrom(
    'remove the admin' as const,
    'bring the admin back' as const,
    'restart' as const,
    'rotate' as const,
    'end rotation' as const,
  )
  .map((what) => ({ do: what }))
const steps = [
  ...[use, use, use, use, use, use, use],
  create,
  fc.record({ do: fc.constant('revoke' as const), by, key }),
  plan,
  archive,
  others,
].map((action: fc.Arbitrary<Action>) => action.map((one) => new Step(one)))

test('whatever happens around keys, in any order, each answer is the one that the rules predict', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 60, size: 'max' }), async (commands) => {
      sequences += 1
      await fc.asyncModelRun(async () => {
        const real = await world.found()
        const now: Model = {
          plan: 'pro',
          keys: [],
          waitlists: [
            { archived: false, emails: [] },
            { archived: false, emails: [] },
          ],
          hasAdmin: true,
          ...{ secret: world.secret, known: world.known },
          sessions,
          rows: 3,
        }
        return { model: { now }, real }
      }, commands)
    }),
    { numRuns: 60 },
  )
}, 300_000)
