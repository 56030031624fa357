import { nameSchema } from '../../platform/name-schema.ts'

/** 1 to 100 code points after trimming. */
export const organisationNameSchema = nameSchema({
  what: 'The name',
  maxCodePoints: 100,
  missing: 'Give the organisation a name.',
})

/** What a person's first organisation is called until they say otherwise. */
export function firstOrganisationName(email: string): string {
  const local = (email.split('@')[0] ?? '').split(/[+]/)[0] ?? ''
  const word = local.replace(/[._-]+/g, ' ').trim() || 'My'
  return `${word.charAt(0).toUpperCase()}${word.slice(1, 60)}’s organisation`
}
