import { type Context, inTransaction, type Role } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import type { RequestMeta } from '../../platform/request-meta.ts'
import type { Services } from '../../platform/services.ts'
import type { KeptOrganisation } from './list-own-organisations.ts'
import { endMembership, getMember, isLastOwner } from './members.ts'

/**
 * Ends the membership of somebody whose account is to be deleted. Out of a deleted organisation the last owner may go, too:
 * nobody brings it back then.
 * @throws AppError `forbidden` for the last owner of any other.
 */
export async function leaveForGood(
  services: Services,
  { deleted_at, ...organisation }: KeptOrganisation,
  person: { id: string; name: string },
  meta: RequestMeta,
): Promise<void> {
  const actor = { type: 'user', id: person.id, name: person.name, role: 'member' as Role } as const
  const ctx: Context = { ...services, ...meta, organisation, actor }
  await inTransaction(
    ctx,
    async (ctx) => {
      const member = await getMember(ctx, person.id)
      if (member.role === 'owner' && !deleted_at && (await isLastOwner(ctx)))
        throw new AppError(
          'forbidden',
          `You are the only owner of ${organisation.name}. Hand it over, or delete it, before you delete your account.`,
        )
      await endMembership(ctx, member)
    },
    { evenIfDeleted: true },
  )
}
