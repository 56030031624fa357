import { z } from 'zod'

const maxCodePoints = 50
/** Controls, and the marks that turn text around (Unicode bidirectional controls) and could make one name read as another. */
const forbidden = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]/u

/** 1 to 50 code points after trimming. */
export const apiKeyNameSchema = z.string().transform((text, ctx) => {
  const name = text.trim()
  const length = [...name].length
  const problem =
    length === 0
      ? { problem: 'too_short', message: 'Give the key a name, such as crm-sync.' }
      : length > maxCodePoints
        ? {
            problem: 'too_long',
            message: `The name may have ${maxCodePoints} characters at most; this one has ${length}.`,
          }
        : forbidden.test(name) || !name.isWellFormed()
          ? {
              problem: 'format',
              message: 'The name must not hold control characters or marks that change the direction of text.',
            }
          : undefined
  if (!problem) return name
  ctx.addIssue({ code: 'custom', message: problem.message, params: { problem: problem.problem } })
  return z.NEVER
})

/** Names are the same when these agree: NFC, and case folded. */
export function apiKeyNameKey(name: string): string {
  return name.normalize('NFC').toLowerCase().toUpperCase().toLowerCase().normalize('NFC')
}
