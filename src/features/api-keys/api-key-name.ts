import { nameSchema } from '../../platform/name-schema.ts'

/** 1 to 50 code points after trimming. */
export const apiKeyNameSchema = nameSchema({
  what: 'The name',
  maxCodePoints: 50,
  missing: 'Give the key a name, such as crm-sync.',
})

/** Two names are the same when these agree: NFC, and case folded. Upper case first, so that ß and SS meet. */
export function apiKeyNameKey(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
}
