import { z } from 'zod'
import { type Context, inTransaction, requireRole } from '../../platform/context.ts'
import { claimForm } from '../../platform/db/claim-form.ts'
import { AppError } from '../../platform/errors.ts'
import { formNonceSchema } from '../../platform/form-nonce.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { getMember, setRole } from './members.ts'

const transferInput = z.strictObject({ to: z.string(), form_nonce: formNonceSchema.optional() })

/**
 * An owner makes another member an owner and becomes an admin, both or neither, in one row of the log. The same form sent
 * twice does it once.
 * @throws AppError `forbidden`, `not_found` for somebody who is no member.
 */
export async function transferOwnership(ctx: Context, input: unknown): Promise<void> {
  const { to, form_nonce } = parseInput(transferInput, input)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, 'admin')
    if (ctx.actor.type !== 'user') throw new AppError('forbidden', 'Only an owner can transfer the ownership.')
    const from = ctx.actor
    if (await claimForm(ctx, form_nonce, to)) return
    requireRole(ctx, 'owner')
    if (to === from.id) throw new AppError('forbidden', 'You are an owner already. Choose another member.')
    const member = await getMember(ctx, to)
    await setRole(ctx, to, 'owner')
    const withdrawn = await setRole(ctx, from.id, 'admin')
    await recordActivity(ctx, {
      action: 'member.role_changed',
      targets: [
        { type: 'member', id: to, name: member.name },
        { type: 'member', id: from.id, name: from.name },
      ],
      changes: {
        before: { role: member.role, role_of_previous_owner: 'owner' },
        after: { role: 'owner', role_of_previous_owner: 'admin', ...withdrawn },
      },
    })
    await sendMailLater(ctx, {
      to: member.email,
      subject: `You are an owner of ${nameInMail(ctx.organisation.name)} now`,
      text: `${nameInMail(from.name)} has transferred the ownership of ${nameInMail(ctx.organisation.name)} at QueueUp to you, and is an admin now.

${ctx.config.publicUrl}/o/${ctx.organisation.slug}/members
`,
    })
  })
}
