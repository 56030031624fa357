import { revokeApiKey } from '../api-keys/revoke-api-key.ts'
import { changeRole } from '../organisations/members.ts'
import { setPlan } from '../plans/set-plan.ts'
import { removeSubscriber } from '../subscribers/remove-subscriber.ts'
import { archiveWaitlist } from '../waitlists/archive-waitlist.ts'
import { updateWaitlist } from '../waitlists/update-waitlist.ts'
import { addDemoKey, type DemoKey, tryRevokedDemoKey, useDemoKey } from './demo-keys.ts'
import { type DemoStage, type DemoWaitlist, openDemoWaitlist } from './demo-stage.ts'
import { addDemoMembers, type DemoMember } from './demo-team.ts'

/** What there is by now. */
export interface DemoCast {
  waitlists: DemoWaitlist[]
  keys: DemoKey[]
  members: { member: DemoMember; at: Date }[]
}

/** What somebody does on a day, so many days ago; the people who join that day come around it. */
export type DemoStory = Record<number, (cast: DemoCast) => Promise<void>>

const both = ['subscribers:read', 'subscribers:write'] as const
const hour = 9

/** What the members do, by days ago. Members are numbered in order of joining; before they join, the owner acts for them. */
export function demoStory(stage: DemoStage, spring: DemoWaitlist): DemoStory {
  const { ago, as, owner, timeline, mark, random } = stage
  const setup = { name: 'Spring launch', description: 'Early access to the Lumen desk lamp.', referrals_enabled: 'on' }
  const member = (cast: DemoCast, n: number) => cast.members[n]?.member ?? owner
  const hire = async (cast: DemoCast, day: number, colleagues: { name: string; role: 'admin' | 'member' }[]) => {
    const at = ago(day, hour)
    for (const one of await addDemoMembers(
      timeline,
      mark,
      colleagues.map((colleague) => ({ ...colleague, at })),
    ))
      cast.members.push({ member: one, at })
  }
  const mint = async (cast: DemoCast, day: number, name: string, scopes: readonly (typeof both)[number][]) => {
    cast.keys.push(await addDemoKey(timeline, { at: ago(day, hour), by: owner, name, scopes: [...scopes] }))
  }
  const remove = (day: number, n: number) => async (cast: DemoCast) => {
    const id = spring.crowd.takeOne(random)
    if (id) await as(member(cast, n), ago(day, hour), (ctx) => removeSubscriber(ctx, spring.id, id))
  }
  const removals = [46, 43, 36, 33, 31, 28, 23, 18, 14, 11, 7, 2, 1]
  return {
    ...Object.fromEntries(removals.map((day, i) => [day, remove(day, i % 2)])),
    58: (cast) => mint(cast, 58, 'analytics-warehouse', ['subscribers:read']),
    55: (cast) => mint(cast, 55, 'crm-sync', both),
    50: async () => void (await as(owner, ago(50, hour), (ctx) => setPlan(ctx, 'team'))),
    49: (cast) =>
      hire(cast, 49, [
        { name: 'Mateo Silva', role: 'admin' },
        { name: 'Yuki Tanaka', role: 'admin' },
      ]),
    47: (cast) =>
      hire(cast, 47, [
        { name: 'Freja Lindqvist', role: 'member' },
        { name: 'Omar Haddad', role: 'member' },
      ]),
    40: async (cast) => {
      const old = cast.keys[1]
      if (old) await as(member(cast, 0), ago(40, hour), (ctx) => revokeApiKey(ctx, old.id))
    },
    17: (cast) => spring.crowd.join([ago(17, hour), ago(17, hour + 0.2)], member(cast, 0)),
    35: async (cast) => {
      const at = ago(35, hour)
      cast.waitlists.push(await openDemoWaitlist(stage, { name: 'Partner programme', by: member(cast, 1), at }))
    },
    34: async (cast) => {
      const times = Array.from({ length: 38 }, (_, i) => new Date(ago(34, hour).getTime() + i * 45_000))
      await cast.waitlists[1]?.crowd.join(times, cast.keys[3]?.actor ?? owner)
    },
    25: async (cast) => {
      const at = ago(25, hour)
      cast.waitlists.push(await openDemoWaitlist(stage, { name: 'Mobile app beta', by: member(cast, 0), at }))
    },
    20: async (cast) => as(owner, ago(20, hour), (ctx) => changeRole(ctx, member(cast, 2).id, 'admin')),
    12: async (cast) => {
      const [, partners] = cast.waitlists
      if (partners) await as(member(cast, 1), ago(12, hour), (ctx) => archiveWaitlist(ctx, partners.id))
    },
    9: async (cast) => {
      await as(member(cast, 1), ago(9, hour), (ctx) => updateWaitlist(ctx, spring.id, { ...setup, skip_amount: '3' }))
    },
    5: (cast) => spring.crowd.join([ago(5, hour)], { ...member(cast, 2), role: 'admin' }),
    3: async (cast) => {
      if (cast.keys[1]) await tryRevokedDemoKey(timeline, cast.keys[1], ago(3, hour))
    },
  }
}

/** What members did in the last minutes. */
export async function endDemoStory({ now, as, owner, random }: DemoStage, spring: DemoWaitlist, cast: DemoCast) {
  const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000)
  const [mateo = owner, yuki = owner] = cast.members.map(({ member }) => member)
  const id = spring.crowd.takeOne(random)
  if (id) await as(yuki, minutesAgo(12), (ctx) => removeSubscriber(ctx, spring.id, id))
  await spring.crowd.join([minutesAgo(7)], mateo)
}

/** Every key that is in use was used a while ago: minutes before now, by the order they were made in. */
export async function useDemoKeys({ ctx, now }: DemoStage, keys: readonly DemoKey[]): Promise<void> {
  const minutesAgo = [4, undefined, 190, 26]
  for (const [i, key] of keys.entries()) {
    const minutes = minutesAgo[i]
    if (minutes !== undefined) await useDemoKey(ctx, key, new Date(now.getTime() - minutes * 60_000))
  }
}
