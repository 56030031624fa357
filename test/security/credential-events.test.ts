import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  type CredentialEvent,
  credentialEvents,
  type TrustArtefact,
  trustArtefacts,
} from '../../src/features/accounts/credential-events.ts'
import { type AccountWorld, makeAccountWorld, makeOwner, newAddress, turnOnTwoFactor } from './account-world.ts'
import { copyOf } from './browser-of.ts'
import { type Cause, causes } from './credential-causes.ts'
import { planted } from './planted-artefacts.ts'

let world: AccountWorld
beforeAll(async () => {
  world = await makeAccountWorld()
  // The first account of a server is never asked to confirm its address.
  await makeOwner(world, newAddress(), true)
})
afterAll(() => world.close())
beforeEach(() => sql`delete from rate_limits`.execute(world.plain.database.owner.kysely))

const ways = (Object.entries(causes) as [CredentialEvent, Cause[]][]).flatMap(([event, all]) =>
  all.map((cause) => ({ event, ...cause })),
)
const cells = ways.flatMap((way) => trustArtefacts.map((artefact) => ({ artefact, ...way })))

async function begin(cause: Cause, email = newAddress()) {
  const owner = await makeOwner(world, email, !cause.isUnconfirmed)
  if (cause.hasTwoFactor) await turnOnTwoFactor(world, owner)
  return owner
}

test.each(cells)('$event through $way: $artefact elsewhere end or stay as the table says', async (cell) => {
  const email = newAddress()
  const early = await planted[cell.artefact].before?.(world, email)
  const owner = await begin(cell, email)
  const works = early ?? (await planted[cell.artefact].plant?.(world, owner))
  await cell.cause(world, owner)
  const stays = credentialEvents[cell.event][cell.artefact as TrustArtefact] === 'stays'
  expect(await works?.(owner)).toBe(stays)
})

test.each(cells.filter(({ way }) => way === 'the account page'))(
  'without the event, $artefact go on working beside $event',
  async (cell) => {
    const email = newAddress()
    const early = await planted[cell.artefact].before?.(world, email)
    const owner = await begin(cell, email)
    const works = early ?? (await planted[cell.artefact].plant?.(world, owner))
    expect(await works?.(owner)).toBe(true)
  },
)

test.each(ways)('$event through $way: the browser that did it goes on under new tokens, where it may', async (way) => {
  const owner = await begin(way)
  const thief = await copyOf(owner.browser, world.plain)
  const before = new Map(owner.browser.jar)
  await way.cause(world, owner)
  const { sessions, trusted_devices } = credentialEvents[way.event]
  expect(await owner.browser.isSignedIn()).toBe(sessions !== 'ends')
  // A copy of its cookies is elsewhere, too.
  expect(await thief.isSignedIn()).toBe(sessions === 'stays')
  if (sessions === 'ends elsewhere' && trusted_devices === 'ends elsewhere')
    for (const [name, value] of before) expect([name, owner.browser.jar.get(name)]).not.toEqual([name, value])
})
