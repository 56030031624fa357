import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../src/app.tsx'
import { asUser, type PageAnswer } from './as.ts'
import { furnish, type Place } from './e2e/furnish.ts'
import { reportFigure } from './figures.ts'
import { asSender, type Intruder, makeIntruders } from './intruders.ts'
import { lowestRole } from './lowest-roles.ts'
import { makeMember, makeProduct, type TestProduct } from './make.ts'
import { formFor, type Ids, idsOf, pathOf, type Route, routesOfOrganisations } from './replayed-routes.ts'
import { makeDigester, type TableDigests } from './table-digests.ts'

const marker = 'Quetzalcoatl'
type Sender = ReturnType<typeof asSender>

let product: TestProduct
let routes: Route[]
let victim: Place
let rival: Place
let invitation: string
/** Who is to be the owner after a transfer. */
let heir: Awaited<ReturnType<typeof makeMember>>
/** With the next lower roles: an admin, and a member. */
let lower: { admin: Sender; member: Sender }
let intruders: Intruder[]
let digest: () => Promise<TableDigests>
let before: TableDigests
let replayed = 0

beforeAll(async () => {
  product = await makeProduct()
  routes = routesOfOrganisations(createApp(product.services))
  victim = await furnish(product, wordsWith(marker))
  rival = await furnish(product, wordsWith('Rival'))
  heir = await makeMember(product, victim.organisation, 'admin')
  lower = { admin: await makeLower('admin'), member: await makeLower('member') }
  intruders = await makeIntruders(product, victim, rival, form)
  const { owner } = product.database
  const found = owner.kysely
    .selectFrom('invitations')
    .select('id')
    .where('organisation_id', '=', victim.organisation.id)
  invitation = (await found.executeTakeFirstOrThrow()).id
  // When a key was last used is kept behind the answers.
  digest = await makeDigester(owner, { except: ['api_key_usage'], organisation: victim.organisation.id })
  before = await digest()
})
afterAll(async () => {
  await product.close()
  reportFigure('requests replayed by strangers', replayed)
})

function wordsWith(mark: string) {
  const [keys, waitlists, description] = [[`${mark} key`], [`${mark} list`], `${mark} plans`]
  const emails = ['one', 'two'].map((name) => `${name}@${mark.toLowerCase()}.example`)
  return {
    keys,
    waitlists,
    description,
    organisation: `${mark} & Co`,
    person: `${mark} Person`,
    userAgent: mark,
    emails,
  }
}

/** Somebody of the victim's own, in the deleted organisation as well. */
async function makeLower(role: 'admin' | 'member'): Promise<Sender> {
  const person = await makeMember(product, victim.organisation, role)
  const { kysely } = product.database.owner
  const deleted = kysely.selectFrom('organisations').where('slug', '=', victim.deletedSlug)
  await kysely
    .insertInto('members')
    .columns(['organisation_id', 'user_id', 'role'])
    .expression(deleted.select(({ val }) => ['id', val(person.id).as('user_id'), val(role).as('role')]))
    .execute()
  return asSender(product, await asUser(product, person), form)
}

const form = (route: Route) => formFor(victim, heir.id, route)

function pathWithin({ organisation, deletedSlug }: Place, route: Route, ids: Ids): string {
  return pathOf(route, route.pattern.includes('/deleted') ? deletedSlug : organisation.slug, ids)
}

/** What an answer tells of the organisation that it must not tell of. */
function toldBy(text: string): string[] {
  const { waitlistId, archivedId, keyId, memberId, organisation } = victim
  const words = [marker, organisation.owner.email, organisation.id, waitlistId, archivedId, keyId, memberId, invitation]
  return words.filter((word) => text.toLowerCase().includes(word.toLowerCase()))
}

test("every route below an organisation's address is as if it were not there for everybody else", async () => {
  for (const route of routes) {
    const path = pathWithin(victim, route, idsOf(victim, invitation, route))
    for (const { who, isSignedIn, send } of intruders) {
      const answer = await send(route, path)
      replayed += 1
      expect([who, route, answer.status]).toEqual([who, route, isSignedIn ? 404 : 303])
      // Its own address is the way back after signing in.
      const to = answer.location?.replace(/\?.*/, '') || null
      expect([who, route, to]).toEqual([who, route, isSignedIn ? null : '/sign-in'])
      const headers = [...answer.headers].filter(([name]) => name !== 'location')
      expect([who, route, toldBy(answer.html + headers)]).toEqual([who, route, []])
    }
    if (route.method === 'POST') expect([route, await digest()]).toEqual([route, before])
  }
  expect(await digest()).toEqual(before)
}, 120_000)

test("another organisation's ids below one's own address are as ids that nothing has", async () => {
  let compared = 0
  for (const route of routes) {
    const [theirs, own] = [idsOf(victim, invitation, route), idsOf(rival, 'inv_none', route)]
    for (const [part, id] of Object.entries(theirs).filter(([, id]) => id.length > 8)) {
      const nobodys = `${id.slice(0, -4)}zzzz`
      for (const { who, send } of intruders.slice(0, 3)) {
        const ask = async (given: string) => {
          replayed += 1
          return withoutId(await send(route, pathWithin(rival, route, { ...own, [part]: given })), given)
        }
        const answer = await ask(id)
        expect([who, route, part, answer]).toEqual([who, route, part, await ask(nobodys)])
        expect([who, route, part, answer.status, toldBy(answer.text)]).toEqual([
          who,
          route,
          part,
          expect.toBeOneOf([303, 403, 404]),
          [],
        ])
        compared += 1
      }
    }
    if (route.method === 'POST') expect([route, await digest()]).toEqual([route, before])
  }
  expect(compared).toBeGreaterThan(80)
}, 120_000)

/** An answer without the id that was asked for and without what is new each time. */
function withoutId({ status, html, location }: PageAnswer, id: string) {
  const text = html
    .replaceAll(id, 'ID')
    .replace(/req_\w+/g, '')
    .replace(/name="form_nonce" value="[^"]*"/g, '')
  return { status, text, location: location?.replaceAll(id, 'ID') }
}

test("another organisation's people in one's own forms are nobody", async () => {
  const [intruder] = intruders
  const transfer: Route = { method: 'POST', pattern: '/o/:slug/members/transfer' }
  const answer = await intruder?.send(transfer, `/o/${rival.organisation.slug}/members/transfer`)
  expect([answer?.status, toldBy(answer?.html ?? '')]).toEqual([404, []])
  expect(await digest()).toEqual(before)
})

test('nothing is open to a lower role than its own, page or form, and a refusal changes nothing', async () => {
  let refused = 0
  for (const route of routes) {
    const path = pathWithin(victim, route, idsOf(victim, invitation, route))
    const from = lowestRole(route)
    const asked = (['admin', 'member'] as const).filter(
      (role) => from === 'owner' || (from === 'admin' && role === 'member'),
    )
    for (const role of asked) {
      const { status } = await lower[role](route, path)
      expect([role, route, status]).toEqual([role, route, 403])
      refused += 1
    }
    if (route.method === 'POST') expect([route, await digest()]).toEqual([route, before])
  }
  expect(refused).toBeGreaterThan(60)
  expect(await digest()).toEqual(before)
}, 120_000)

test('all of it is there for the lowest role that may: what was replayed are real addresses and real forms', async () => {
  const formAfter = (route: Route) => ({ ...form(route), confirmation: 'Taken over' })
  const owner = asSender(product, await asUser(product, victim.organisation.owner), formAfter)
  const newOwner = asSender(product, await asUser(product, heir), formAfter)
  // What takes away comes last, with the organisation itself at the very end.
  const last = [
    '/export',
    '/plan',
    '/remove',
    '/archive',
    '/revoke',
    '/cancel',
    '/slug',
    '/transfer',
    '/settings/delete',
  ]
  const rank = ({ method, pattern }: Route) =>
    method === 'GET' ? -2 : last.findIndex((part) => pattern.endsWith(part))
  const wrong: unknown[] = []
  for (const route of routes.toSorted((a, b) => rank(a) - rank(b))) {
    const isGone = rank(route) > last.indexOf('/slug')
    const path = pathWithin(victim, route, idsOf(victim, invitation, route))
    const from = lowestRole(route)
    const asOwner = rank(route) > last.indexOf('/transfer') ? newOwner : owner
    const send = from === 'owner' ? asOwner : lower[from]
    const { status } = await send(route, isGone ? path.replace(/^\/o\/[^/]+/, '/o/taken-over') : path)
    // Here plans are switched by the owner, and not for sale.
    const unsold: Record<string, number[]> = { checkout: [400, 422], portal: [409] }
    const good = unsold[/plan\/(\w+)$/.exec(route.pattern)?.[1] ?? ''] ?? [200, 201, 303]
    if (!good.includes(status)) wrong.push([route, status])
  }
  expect(wrong).toEqual([])
}, 120_000)
