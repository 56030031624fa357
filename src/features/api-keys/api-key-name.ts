import { nameSchema } from '../../platform/name-schema.ts'
import { looksLike } from '../../platform/names/look-alikes.ts'

/** 1 to 50 code points after trimming. Keys act in the log under their names: none is one of the product's own. */
export const apiKeyNameSchema = nameSchema({
  what: 'The name',
  maxCodePoints: 50,
  missing: 'Give the key a name, such as crm-sync.',
}).superRefine((name, ctx) => {
  if (!looksLike(name, ['System', 'Stripe', 'QueueUp'])) return
  const message = 'This is what the product calls itself. Say what the key is for, such as stripe-sync.'
  ctx.addIssue({ code: 'custom', message, params: { problem: 'refused' } })
})

/** Two names are the same when these agree: NFC, and case folded. Upper case first, so that ß and SS meet. */
export function apiKeyNameKey(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}
