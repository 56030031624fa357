import { sql } from 'kysely'
import { createOrganisation } from '../src/features/organisations/create-organisation.ts'
import { createWaitlist } from '../src/features/waitlists/create-waitlist.ts'
import type { Actor, Context } from '../src/platform/context.ts'
import { asApiKey, asUser } from './as.ts'
import type { Action, Person } from './keys-model.ts'
import { makeOrganisation, makeProduct, type TestProduct } from './make.ts'

/** An organisation with what was made in it: the real thing that the model is about. */
export interface KeysPlace {
  ctx: Context
  keys: { id: string; secret: string }[]
  waitlists: string[]
}

/** A database, and the process that serves it, which is stopped and started with one SECRET_KEY after the other. */
export class KeysWorld {
  readonly base: TestProduct
  serving: TestProduct
  secret = 1
  known = [1]
  restarts = 0
  readonly people = {
    owner: { id: '', email: '', password: '', browser: undefined as Browser | undefined },
    admin: { id: '', email: '', password: '', browser: undefined as Browser | undefined },
  }

  private constructor(base: TestProduct) {
    this.base = base
    this.serving = base
  }

  static async open(): Promise<KeysWorld> {
    const world = new KeysWorld(await makeProduct({ SECRET_KEY: secretKey(1) }))
    for (const person of Object.values(world.people)) Object.assign(person, (await makeOrganisation(world.base)).owner)
    world.serving = await world.#start()
    for (const person of ['owner', 'admin'] as const) await world.signIn(person)
    return world
  }

  async close(): Promise<void> {
    await this.serving.close()
    await this.base.close()
  }

  async #start(): Promise<TestProduct> {
    // A process that ends takes with it what it was lent of the address's tries: after ten it would be told to wait.
    await sql`delete from rate_limits where subject like 'ip:%'`.execute(this.base.database.owner.kysely)
    const [, previous] = this.known
    const before = previous ? { SECRET_KEY_PREVIOUS: secretKey(previous) } : undefined
    return makeProduct({ SECRET_KEY: secretKey(this.secret), ...before }, this.base)
  }

  async #restart(): Promise<{ answer: string }> {
    await this.serving.close()
    this.serving = await this.#start()
    this.restarts += 1
    return { answer: 'done' }
  }

  async signIn(name: Person): Promise<void> {
    const person = this.people[name]
    const world = this
    await sql`delete from rate_limits`.execute(this.base.database.owner.kysely)
    // Wherever the process listens by then.
    const here = {
      issued: this.base.issued,
      get url() {
        return world.serving.url
      },
    }
    person.browser = await asUser(here, person)
  }

  /** An organisation of the owner's, in which the admin is one, with two waitlists. */
  async found(): Promise<KeysPlace> {
    await sql`delete from rate_limits where subject like 'ip:%'`.execute(this.base.database.owner.kysely)
    const { owner, admin } = this.people
    const actor: Actor = { type: 'user', id: owner.id, name: owner.email, role: 'owner' }
    const { services } = this.serving
    const organisation = await services.db.kysely
      .transaction()
      .execute((sql) =>
        createOrganisation(
          services,
          sql,
          { name: 'Sequence', plan: 'pro', owner: { id: owner.id, name: owner.email } },
          actor,
          undefined,
        ),
      )
    const ctx: Context = {
      ...services,
      organisation: { ...organisation, plan: 'pro' },
      actor,
      requestId: null,
      ip: null,
      userAgent: null,
    }
    await this.#bringBack(ctx, admin.id)
    const waitlists = [(await createWaitlist(ctx, { name: 'One' })).id, (await createWaitlist(ctx, { name: 'Two' })).id]
    return { ctx, keys: [], waitlists }
  }

  async #bringBack({ organisation }: Context, userId: string) {
    await this.base.database.owner.kysely
      .insertInto('members')
      .values({ organisation_id: organisation.id, user_id: userId, role: 'admin' })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }

  /** Does it for real; answers as the model does. */
  async act(place: KeysPlace, action: Action): Promise<{ answer: string; body?: unknown }> {
    const home = `/o/${place.ctx.organisation.slug}`
    const post = async (by: Person, path: string, form: Record<string, string | string[]> = {}) => {
      const answer = await this.people[by].browser?.post(home + path, form)
      if (answer?.location?.includes('/sign-in')) {
        await this.signIn(by)
        return { answer: 'sign-in', html: '' }
      }
      return { answer: String(answer?.status), html: answer?.html ?? '' }
    }
    switch (action.do) {
      case 'create key': {
        const name = `Key ${place.keys.length + 1}`
        const { answer, html } = await post(action.by, '/api-keys', { name, scopes: action.scopes })
        if (answer === '201') place.keys.push(await this.#findKey(place, name, html))
        return { answer }
      }
      case 'use':
        return this.#use(place, action)
      case 'revoke':
        return post(action.by, `/api-keys/${place.keys[action.key]?.id}/revoke`)
      case 'switch plan':
        return post('owner', '/plan', { plan: action.plan })
      case 'archive':
      case 'restore':
        return post(action.by, `/waitlists/${place.waitlists[action.waitlist]}/${action.do}`)
      case 'remove the admin':
        return post('owner', `/members/${this.people.admin.id}/remove`)
      case 'bring the admin back':
        await this.#bringBack(place.ctx, this.people.admin.id)
        return { answer: 'done' }
      case 'rotate':
        this.known = [this.secret + 1, this.secret]
        this.secret += 1
        break
      case 'end rotation':
        this.known = [this.secret]
    }
    return this.#restart()
  }

  async #findKey({ ctx }: KeysPlace, name: string, html: string) {
    const { id } = await this.base.database.owner.kysely
      .selectFrom('api_keys')
      .select('id')
      .where('organisation_id', '=', ctx.organisation.id)
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    return { id, secret: /qu_live_[0-9A-Za-z]{38}/.exec(html)?.[0] ?? '' }
  }

  async #use({ keys, waitlists }: KeysPlace, { key, to, waitlist, email }: Action & { do: 'use' }) {
    const api = asApiKey(this.serving, keys[key]?.secret)
    const path = `/waitlists/${waitlists[waitlist]}/subscribers`
    const { status, json } = await {
      list: () => api.get(`${path}?limit=200`),
      create: () => api.post(path, { email }),
      ask: () => api.get('/key'),
    }[to]()
    return { answer: [status, json.code].filter(Boolean).join(' '), body: json }
  }
}

type Browser = Awaited<ReturnType<typeof asUser>>

const secretKey = (number: number) => `secret key number ${number}, of more than 32 bytes`
