import type { Actor, Context, Role } from '../../platform/context.ts'
import type { Services } from '../../platform/services.ts'
import { changeName } from '../accounts/own-account.ts'
import { addMember } from '../organisations/add-member.ts'
import { bringPerson } from '../organisations/bring-person.ts'
import type { Timeline } from './timeline.ts'

/** Somebody of the organisation, as they act. */
export type DemoMember = Actor & { type: 'user' }

/** An account with a name, before it belongs to any organisation. */
export async function makeDemoPerson(services: Services, name: string, mark: string) {
  const email = `${name.toLowerCase().replaceAll(' ', '.')}-${mark}@example.com`
  const brought = await bringPerson(services, { email, password: undefined })
  const { id } = await brought.write(services.db.kysely)
  await changeName(services, { id, email }, name)
  return { id, name, email, password: brought.password }
}

/** Colleagues of the owner, who join at their times. */
export async function addDemoMembers(
  timeline: Timeline,
  mark: string,
  colleagues: readonly { name: string; role: Role; at: Date }[],
): Promise<DemoMember[]> {
  const members: DemoMember[] = []
  for (const { name, role, at } of colleagues) {
    const { id, email } = await timeline.at(at, (ctx: Context) => makeDemoPerson(ctx, name, mark))
    await timeline.at(at, (ctx) => addMember(ctx, { email, role }))
    members.push({ type: 'user', id, name, role })
  }
  return members
}
