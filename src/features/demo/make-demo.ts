import type { Actor } from '../../platform/context.ts'
import type { Database } from '../../platform/db/database.ts'
import type { Services } from '../../platform/services.ts'
import { importDirectly } from '../imports/import-directly.ts'
import type { JoinRow } from '../subscribers/add-subscriber.ts'
import { updateWaitlist } from '../waitlists/update-waitlist.ts'
import { addDemoKey } from './demo-keys.ts'
import { type DemoStage, type DemoWaitlist, openDemoStage, openDemoWaitlist } from './demo-stage.ts'
import { type DemoCast, demoStory, endDemoStory, useDemoKeys } from './demo-story.ts'
import { joinTimes } from './join-times.ts'
import { moveBack } from './move-back.ts'

const dayMs = 86_400_000
const firstDay = 59
const launchDaysAgo = 17
const beta = { firstDay: 24, launchDaysAgo: 22, total: 420 }
const imported = 640
/** People who join within so many hours are signed up at once, by one key. */
const windowHours = 3
/** With the imported ones and four whom members add by hand they are 5,000. */
const joining = 4_356

/**
 * An organisation whose last sixty days are there to look at: people who join by an import, through two keys and by hand, and
 * bring others; members, changes of plan and role, removals, and a revoked key that somebody still tries. Each demo tells the
 * same story, up to now. `tables` is the owner of the tables, who may date it back.
 */
export async function makeDemo(services: Services, tables: Pick<Database, 'kysely'>) {
  const stage = await openDemoStage(services, firstDay)
  const { ctx, timeline, random, now, ago, owner, account } = stage
  const spring = await openDemoWaitlist(stage, { name: 'Spring launch', by: owner, at: ago(firstDay, 0.2) })
  const importedAt = ago(firstDay, 0.5)
  await importNewsletter(stage, spring, importedAt)
  const at = ago(firstDay, 0.6)
  const form = await addDemoKey(timeline, { at, by: owner, name: 'website-signup', scopes: ['subscribers:write'] })
  const old = await addDemoKey(timeline, { at, by: owner, name: 'old-landing-page', scopes: ['subscribers:write'] })
  const cast: DemoCast = { waitlists: [spring], keys: [form, old], members: [] }

  const story = demoStory(stage, spring)
  const days = joinTimes(random, { now, days: firstDay + 1, total: joining, launchDaysAgo })
  const betaDays = joinTimes(random, { now, days: beta.firstDay + 1, ...beta })
  for (const [i, times] of days.entries()) {
    const day = firstDay - i
    for (let hour = 0; hour < 24; hour += windowHours) {
      if (hour === 9) await story[day]?.(cast)
      const within = (time: Date) => Math.floor(time.getUTCHours() / windowHours) * windowHours === hour
      await spring.crowd.join(times.filter(within), signedUpBy(cast, hour))
      await cast.waitlists[2]?.crowd.join((betaDays[beta.firstDay - day] ?? []).filter(within), form.actor)
    }
  }
  await endDemoStory(stage, spring, cast)
  await useDemoKeys(stage, cast.keys)

  await moveBack(tables, ctx.organisation.id, {
    activities: timeline.times,
    created: ago(firstDay, 0.1),
    waitlists: cast.waitlists.map(({ id, at }) => [id, at]),
    keys: cast.keys.map(({ id, at }) => [id, at]),
    members: [[owner.id, ago(firstDay, 0.1)], ...cast.members.map(({ member, at }) => [member.id, at] as const)],
    importedAt,
    joined: cast.waitlists.map(({ id, crowd }) => [id, crowd.joinedAt]),
  })
  return { ...account, slug: ctx.organisation.slug, waitlistId: spring.id, key: cast.keys[3]?.secret ?? form.secret }
}

/** In the afternoon the backend signs people up, before there was one an earlier page did; else the form of the website. */
function signedUpBy({ keys }: DemoCast, hour: number): Actor {
  const [form, old, , crm] = keys
  const key = hour >= 15 && hour < 21 ? (crm ?? old) : form
  if (!key) throw new Error('the demo has no key yet')
  return key.actor
}

/** Those who had subscribed to a newsletter before there was a waitlist. */
async function importNewsletter(
  { as, owner, people, random }: DemoStage,
  { id, crowd }: DemoWaitlist,
  at: Date,
): Promise<void> {
  const setup = { name: 'Spring launch', description: 'Early access to the Lumen desk lamp.', referrals_enabled: 'on' }
  await as(owner, at, (ctx) => updateWaitlist(ctx, id, { ...setup, skip_amount: '5' }))
  const rows = Array.from({ length: imported }, () => ({
    email: people.next(),
    joinedAt: new Date(at.getTime() - (1 + 150 * random.next()) * dayMs),
  })).sort((a, b) => a.joinedAt.getTime() - b.joinedAt.getTime())
  await as(owner, at, (ctx) => importDirectly(ctx, id, 'newsletter.csv', inOneBatch(rows)))
  crowd.note(rows.map(() => at))
}

async function* inOneBatch(rows: JoinRow[]): AsyncGenerator<JoinRow[]> {
  yield rows
}
