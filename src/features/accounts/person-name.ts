import { fieldError } from '../../platform/errors.ts'
import { nameSchema } from '../../platform/name-schema.ts'

/** Whoever else acts in a log under a name. */
const ownNames = new Set(['system', 'stripe', 'queueup'])

const personNameSchema = nameSchema({ what: 'The name', maxCodePoints: 100, missing: 'Enter a name.' })

/**
 * A name that a person may choose: none that the log has for the product itself, and no e-mail address but their own.
 * @throws AppError `validation_failed`.
 */
export function parsePersonName(name: string, person: { email: string }): string {
  const parsed = personNameSchema.safeParse(name)
  if (!parsed.success) throw fieldError('name', 'format', parsed.error.issues[0]?.message ?? '')
  const folded = parsed.data.normalize('NFKC').toLowerCase()
  if (ownNames.has(folded.replace(/[^\p{L}\p{N}]/gu, '')))
    throw fieldError('name', 'refused', 'This is what the product calls itself. Choose another name.')
  if (folded.includes('@') && folded !== person.email)
    throw fieldError('name', 'refused', 'A name is no e-mail address, but for your own.')
  return parsed.data
}
