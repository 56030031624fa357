import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { randomBase62 } from '../src/platform/secrets.ts'
import { asApiKey, asUser, type PageAnswer } from './as.ts'
import { connectToEmbedded } from './connect-to-embedded.ts'
import { reportFigure } from './figures.ts'
import { textOf } from './people.ts'
import { cliJson, issuedBy } from './processes.ts'
import { exportLog } from './written-once.ts'

interface MadeKey {
  name: string
  secret: string
  id: string
}

/** Somebody at the dashboard who is busy, whatever happens to the server, and remembers what it said was done. */
export interface Operator {
  slug: string
  /** Of every key that was made, also where the answer that shows it was lost. */
  names: string[]
  keys: MadeKey[]
  revoked: MadeKey[]
  archived: string[]
  invited: string[]
  /** Each is another than the one before. */
  plans: string[]
  /** How many forms were answered as done. */
  done: number
  /** What no honest server answers. */
  wrong: string[]
  /** Ends them; what they began they finish. */
  stop(): Promise<void>
}

const credentials = { email: 'grace@example.com', password: 'a long enough password' }
/** The mails that an organisation may send at once. */
const maxInvited = 10

/**
 * An owner in a browser who makes keys and revokes them, makes waitlists and archives them, changes the plan and invites, and sends
 * each form again until it is answered.
 */
export async function startOperator(env: Record<string, string>, server: () => { url: string }): Promise<Operator> {
  const issued = issuedBy(env)
  const { email, password } = credentials
  const owner = ['--owner-email', email, '--owner-password', password]
  const { slug } = await cliJson(env, 'org', 'create', '--name', 'Busy', '--plan', 'pro', ...owner)
  const product = {
    get url() {
      return server().url
    },
    issued,
  }
  const user = await asUser(product, credentials)
  const operator: Operator = {
    slug,
    names: [],
    keys: [],
    revoked: [],
    archived: [],
    invited: [],
    plans: ['pro'],
    done: 0,
    wrong: [],
    stop,
  }
  let working = true

  async function send(path: string, form: Record<string, string | string[]>, done: RegExp): Promise<PageAnswer> {
    for (;;) {
      const answer = await user.post(`/o/${slug}${path}`, form).catch(() => undefined)
      if (answer && done.test(`${answer.status} ${answer.location ?? ''}`)) {
        operator.done += 1
        return answer
      }
      if (answer && !(answer.status === 503 && Number(answer.headers.get('retry-after')) >= 1))
        operator.wrong.push(`${path}: ${answer.status} ${answer.location ?? textOf(answer.html)}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async function makeKey(name: string): Promise<void> {
    const form = { name, scopes: ['subscribers:read'], form_nonce: randomBase62(22) }
    // 409 where it was made, but the answer that shows it did not arrive.
    const { html } = await send('/api-keys', form, /^(201|409) /)
    operator.names.push(name)
    const [secret] = /qu_live_[0-9A-Za-z]{38}/.exec(html) ?? []
    if (!secret) return
    const id = await vi.waitFor(
      async () => {
        const { status, json } = await asApiKey(server(), secret).get('/key')
        expect(status).toBe(200)
        return json.id as string
      },
      { timeout: 20_000 },
    )
    operator.keys.push({ name, secret, id })
  }

  async function work(i: number): Promise<void> {
    await makeKey(`key ${i}`)
    const key = operator.keys[operator.revoked.length]
    if (key && operator.keys.length - operator.revoked.length > 2) {
      await send(`/api-keys/${key.id}/revoke`, {}, /^303 .*\/api-keys\?revoked=/)
      operator.revoked.push(key)
    }
    const list = await send(
      '/waitlists',
      { name: `list ${i}`, form_nonce: randomBase62(22) },
      /^303 .*\/waitlists\/wl_/,
    )
    const id = list.location?.split('/').at(-1) ?? ''
    await send(`/waitlists/${id}/archive`, {}, /^303 .*\/waitlists\/wl_/)
    operator.archived.push(id)
    const plan = i % 2 === 0 ? 'team' : 'pro'
    await send('/plan', { plan }, /^303 .*changed=1/)
    operator.plans.push(plan)
    if (operator.invited.length >= maxInvited || plan !== 'team') return
    const email = `guest-${i}@example.com`
    const form = { email, role: 'member', form_nonce: randomBase62(22) }
    await send('/members/invitations', form, /^303 .*done=invited/)
    operator.invited.push(email)
  }

  const worked = (async () => {
    for (let i = 0; working; i++) await work(i)
  })()
  async function stop() {
    working = false
    await worked
  }
  return operator
}

/** Holds what there is, and what the log says, against what an operator was told was done: all of it, each with one row. */
export async function mustBeDoneOnce(
  env: Record<string, string>,
  server: { url: string },
  operator: Operator,
): Promise<void> {
  const log = await exportLog(env, operator.slug)
  expect(log.map(({ number }) => number)).toEqual(log.map((_, i) => log.length - i))
  const named = (action: string, by: 'id' | 'name') =>
    log
      .filter((row) => row.action === action)
      .map(({ targets }) => targets[0]?.[by])
      .reverse()
  expect(named('api_key.created', 'name'), 'one row for each key').toEqual(operator.names)
  const ids = (keys: MadeKey[]) => keys.map(({ id }) => id)
  expect(named('api_key.revoked', 'id'), 'one row for each revoke').toEqual(ids(operator.revoked))
  expect(named('waitlist.archived', 'id'), 'one row for each archive').toEqual(operator.archived)
  expect(named('member.invited', 'name'), 'one row for each invitation').toEqual(operator.invited)
  expect(named('plan.changed', 'id'), 'one row for each plan').toHaveLength(operator.plans.length - 1)
  for (const { secret } of operator.revoked) expect((await asApiKey(server, secret).get('/key')).status).toBe(401)
  const living = operator.keys.slice(operator.revoked.length)
  for (const { id, secret } of living)
    expect((await asApiKey(server, secret).get('/key')).json).toMatchObject({ id, plan: operator.plans.at(-1) })
  const { items: lists } = await cliJson(env, 'waitlist', 'list', '--org', operator.slug)
  const archived = lists.filter((list: { archived_at: string | null }) => list.archived_at !== null)
  expect(ids(archived).toSorted(), 'archived').toEqual(operator.archived.toSorted())
  // Each at least once: what was killed between sending and noting it is sent again.
  const outbox = join(env.DATA_DIR ?? '', 'outbox')
  const database = await connectToEmbedded(env)
  await vi.waitFor(
    async () => {
      // What a killed process had begun comes again when its two minutes are over, what failed after a pause.
      await database.query(
        'update queued_jobs set run_at = clock_timestamp(), leased_until = null where run_at > clock_timestamp() or leased_until is not null',
      )
      const mails = readdirSync(outbox).map((file) => readFileSync(join(outbox, file), 'utf8'))
      const reached = operator.invited.filter((email) => mails.some((mail) => mail.includes(`To: ${email}`)))
      expect(reached).toEqual(operator.invited)
    },
    { timeout: 20_000, interval: 500 },
  )
  await database.end()
  for (const done of [operator.revoked, operator.archived, operator.invited, operator.plans])
    expect(done.length).toBeGreaterThan(2)
  reportFigure('acknowledged revokes, keys, archives, plans and invitations found, each once', operator.done)
}
