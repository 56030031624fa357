import { nameSchema } from '../../platform/name-schema.ts'
import { holdsLink, isBrandDomain } from '../../platform/names/links-in-names.ts'
import { looksAsIfNaming, looksLikeOffice } from '../../platform/names/look-alikes.ts'

/**
 * 1 to 100 code points after trimming. Names go into mails to strangers: none is the product's, and none holds a link. A
 * company that is called like its domain ("Booking.com") may be; mails show it so that no program makes a link of it.
 */
export const organisationNameSchema = nameSchema({
  what: 'The name',
  maxCodePoints: 100,
  missing: 'Give the organisation a name.',
}).superRefine((name, ctx) => {
  const refuse = (message: string) => ctx.addIssue({ code: 'custom', message, params: { problem: 'refused' } })
  if (looksLikeOffice(name, ['System', 'Stripe']) || looksAsIfNaming(name, 'QueueUp'))
    refuse('This is what the product calls itself. Choose another name.')
  else if (holdsLink(name) && !isBrandDomain(name))
    refuse(
      'The name must not hold a web address. A name such as “Example.com Services” may begin with a domain and have capitalised words after it.',
    )
})

/** What a person's first organisation is called until they say otherwise. */
export function firstOrganisationName(email: string): string {
  const local = (email.split('@')[0] ?? '').split(/[+]/)[0] ?? ''
  const word = local.replace(/[._-]+/g, ' ').trim() || 'My'
  const name = `${word.charAt(0).toUpperCase()}${word.slice(1, 60)}’s organisation`
  return organisationNameSchema.safeParse(name).success ? name : 'My organisation'
}
