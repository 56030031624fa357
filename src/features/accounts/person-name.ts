import { fieldError } from '../../platform/errors.ts'
import { nameSchema } from '../../platform/name-schema.ts'
import { holdsLink, isAbbreviatedName } from '../../platform/names/links-in-names.ts'
import { looksAsIfNaming, looksLikeOffice, mixesScripts } from '../../platform/names/look-alikes.ts'

/** Who else acts in a log under a name. */
const ownNames = ['System', 'Stripe', 'API key']

const personNameSchema = nameSchema({ what: 'The name', maxCodePoints: 100, missing: 'Enter a name.' })

/**
 * A name that a person may choose: none that can be taken for the product or a part of it, no email address but their own,
 * and nothing that a mail would show as a link.
 * @throws AppError `validation_failed`.
 */
export function parsePersonName(name: string, person: { email: string }): string {
  const parsed = personNameSchema.safeParse(name)
  if (!parsed.success) throw fieldError('name', 'format', parsed.error.issues[0]?.message ?? '')
  const folded = parsed.data.normalize('NFKC').toLowerCase()
  if (folded === person.email) return parsed.data
  const refuse = (text: string) => fieldError('name', 'refused', text)
  if (folded.includes('@')) throw refuse('A name cannot be an email address other than your own.')
  if (looksLikeOffice(parsed.data, ownNames) || looksAsIfNaming(parsed.data, 'QueueUp'))
    throw refuse('This is what the product calls itself. Choose another name.')
  if (mixesScripts(parsed.data)) throw refuse('Write each word of the name in one script: Latin, Cyrillic or Greek.')
  if (holdsLink(parsed.data) && !isAbbreviatedName(parsed.data))
    throw refuse('A name must not hold a web address. Put a space after each full stop of an abbreviation.')
  return parsed.data
}
