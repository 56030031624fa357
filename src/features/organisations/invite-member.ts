import { z } from 'zod'
import { type Context, inTransaction, requireRole, type TransactionContext } from '../../platform/context.ts'
import { claimForm } from '../../platform/db/claim-form.ts'
import { fieldError } from '../../platform/errors.ts'
import { formNonceSchema } from '../../platform/form-nonce.ts'
import { newId } from '../../platform/ids.ts'
import type { Mail } from '../../platform/mail/mailer.ts'
import { sendMailLater } from '../../platform/mail/send-mail-later.ts'
import { nameInMail } from '../../platform/names/links-in-names.ts'
import { parseInput } from '../../platform/parse-input.ts'
import { type Bucket, requireTokens } from '../../platform/rate-limit/take-tokens.ts'
import type { BucketRule } from '../../platform/rate-limit/token-leases.ts'
import { randomBase62 } from '../../platform/secrets.ts'
import { personEmailSchema } from '../accounts/create-person.ts'
import { mailBuckets } from '../accounts/mail-buckets.ts'
import { newcomerBuckets } from '../accounts/stranger-ceilings.ts'
import { recordActivity } from '../activity/record-activity.ts'
import { requireRoomForMember } from './add-member.ts'
import { replaceOpenInvitation } from './invitations.ts'

const validDays = 7

/**
 * Names are free text and emails are anybody's: nobody may use invitations to send mail to strangers, from one organisation,
 * from many, or to one mailbox from many.
 */
export const invitationRules = {
  organisation: { perSecond: 1 / 600, burst: 20 },
  user: { perSecond: 1 / 600, burst: 40 },
} satisfies Record<string, BucketRule>

const inviteInput = z.strictObject({
  email: personEmailSchema,
  role: z.enum(['admin', 'member', 'owner'], 'Choose a role.'),
  form_nonce: formNonceSchema.optional(),
})

/**
 * Invites a person by mail: the link lasts seven days, and a newer one replaces it, by somebody who may withdraw it. The
 * token is stored as a keyed hash. The same form sent twice invites once.
 * @throws AppError `validation_failed`, `limit_reached`, `forbidden`, `rate_limited`.
 */
export async function inviteMember(ctx: Context, input: unknown): Promise<void> {
  requireRole(ctx, 'admin')
  const { email, role, form_nonce } = parseInput(inviteInput, input)
  await inTransaction(ctx, async (ctx) => {
    requireRole(ctx, role === 'owner' ? 'owner' : 'admin')
    const id = newId('invitation')
    if (await claimForm(ctx, form_nonce && formMark(ctx, form_nonce, email, role), id)) return
    await requireStranger(ctx, email)
    await requireRoomForMember(ctx)
    const replaced = await replaceOpenInvitation(ctx, email)
    await requireMailAllowance(ctx, email)
    const token = randomBase62(32)
    await ctx.sql
      .insertInto('invitations')
      .values({
        id,
        organisation_id: ctx.organisation.id,
        email,
        role,
        token_hash: ctx.secrets.hash('token', token),
        invited_by_id: ctx.actor.type === 'user' ? ctx.actor.id : null,
        invited_by_name: ctx.actor.name,
        expires_at: new Date(ctx.now().getTime() + validDays * 86_400_000),
        accepted_at: null,
        withdrawn_at: null,
      })
      .execute()
    await recordActivity(ctx, {
      action: 'member.invited',
      targets: [{ type: 'invitation', id, name: email }],
      changes: { ...(replaced ? { before: replaced } : {}), after: { email, role } },
    })
    await sendMailLater(ctx, invitationMail(ctx, email, token))
  })
}

/** With what the form said: a page that came back from a browser's cache, and says something else now, is another form. */
function formMark({ secrets }: Context, formNonce: string, email: string, role: string): string {
  return secrets.hash('form-nonce', `${formNonce} ${role} ${email}`).toString('base64url')
}

async function requireStranger(ctx: TransactionContext, email: string): Promise<void> {
  const member = await ctx.sql
    .selectFrom('members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select('u.id')
    .where('m.organisation_id', '=', ctx.organisation.id)
    .where('u.email', '=', email)
    .executeTakeFirst()
  if (member) throw fieldError('email', 'refused', `${email} is a member already.`)
}

async function requireMailAllowance(ctx: TransactionContext, email: string): Promise<void> {
  const { actor, organisation, secrets } = ctx
  const { organisation: ofOrganisation, user } = invitationRules
  const buckets: Bucket[] = [
    { subject: `invite:${organisation.id}`, rule: ofOrganisation },
    ...mailBuckets(secrets, 'invite-to', email),
  ]
  if (actor.type === 'user')
    buckets.push({ subject: `invite:${actor.id}`, rule: user }, ...(await newcomerBuckets(ctx, actor.id)))
  await requireTokens(
    ctx,
    buckets,
    (wait) =>
      `Many invitations were sent by you, by this organisation or to this email. Wait ${wait}, then send this one.`,
  )
}

function invitationMail(ctx: Context, to: string, token: string): Mail {
  const organisation = nameInMail(ctx.organisation.name)
  return {
    to,
    subject: `Join ${organisation} at QueueUp`,
    text: `${nameInMail(ctx.actor.name)} invites you to ${organisation} at QueueUp.

Accept within seven days:

${ctx.config.publicUrl}/invitations/${token}

If you expected no invitation, do nothing.
`,
  }
}
