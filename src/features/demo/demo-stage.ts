import type { Context } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import type { Services } from '../../platform/services.ts'
import { findOrganisationBySlug } from '../organisations/list-organisations.ts'
import { setUpOrganisation } from '../organisations/set-up-organisation.ts'
import { createWaitlist } from '../waitlists/create-waitlist.ts'
import { DemoCrowd } from './demo-crowd.ts'
import { DemoPeople } from './demo-people.ts'
import { type DemoMember, makeDemoPerson } from './demo-team.ts'
import { SeededRandom } from './seeded-random.ts'
import { Timeline } from './timeline.ts'

const dayMs = 86_400_000
const hourMs = 3_600_000

/** What a demo's story is told with. */
export interface DemoStage {
  ctx: Context
  timeline: Timeline
  random: SeededRandom
  people: DemoPeople
  owner: DemoMember
  /** How to sign in as the owner. */
  account: { email: string; password: string | null }
  /** Tells demos of one server apart. */
  mark: string
  now: Date
  /** So many days ago, at an hour (UTC); never later than now. */
  ago(days: number, hour: number): Date
  as<T>(actor: DemoMember, at: Date, work: (ctx: Context) => Promise<T>): Promise<T>
}

/** An organisation with its owner, made so many days ago. */
export async function openDemoStage(services: Services, days: number): Promise<DemoStage> {
  const random = new SeededRandom(20_261)
  const mark = randomBase62(5).toLowerCase()
  const now = services.now()
  const today = Math.floor(now.getTime() / dayMs) * dayMs
  const ago = (day: number, hour: number) => new Date(Math.min(now.getTime(), today - day * dayMs + hour * hourMs))
  const account = await makeDemoPerson(services, 'Amara Okafor', mark)
  const { slug } = await setUpOrganisation(services, { name: 'Lumen Labs', ownerEmail: account.email, plan: 'pro' })
  const organisation = await findOrganisationBySlug(services, slug)
  if (!organisation) throw new AppError('not_found', 'The organisation of the demo is gone.')
  const ctx: Context = {
    ...services,
    organisation,
    actor: { type: 'system', id: null, name: 'System' },
    requestId: null,
    ip: '203.0.113.9',
    userAgent: null,
  }
  const timeline = new Timeline(ctx, ago(days, 0.1))
  // The row that the organisation itself wrote.
  await timeline.at(ago(days, 0.1), async () => undefined)
  const owner: DemoMember = { type: 'user', id: account.id, name: account.name, role: 'owner' }
  return {
    ...{ ctx, timeline, random, people: new DemoPeople(random), owner, account, mark, now, ago },
    as: (actor, at, work) => timeline.at(at, (ctx) => work({ ...ctx, actor })),
  }
}

/** A waitlist of the demo, created at a time. */
export interface DemoWaitlist {
  id: string
  at: Date
  crowd: DemoCrowd
}

export async function openDemoWaitlist(
  { as, timeline, random, people }: DemoStage,
  { name, by, at }: { name: string; by: DemoMember; at: Date },
): Promise<DemoWaitlist> {
  const { id } = await as(by, at, (ctx) => createWaitlist(ctx, { name }))
  return { id, at, crowd: new DemoCrowd({ timeline, random, people, waitlistId: id }) }
}
