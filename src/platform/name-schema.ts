import { z } from 'zod'

/** Controls, and the marks that turn text around (Unicode bidirectional controls), with which one name can read as another. */
const forbidden = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u

/** A name that people give something: 1 to `maxCodePoints` code points after trimming. `what` begins the sentences, "The name". */
export function nameSchema({ what, maxCodePoints, missing }: { what: string; maxCodePoints: number; missing: string }) {
  return z.string().transform((text, ctx) => {
    const name = text.trim()
    const length = [...name].length
    const refuse = (problem: string, message: string) => {
      ctx.addIssue({ code: 'custom', message, params: { problem } })
      return z.NEVER
    }
    if (length === 0) return refuse('too_short', missing)
    if (length > maxCodePoints)
      return refuse('too_long', `${what} may have ${maxCodePoints} characters at most; this one has ${length}.`)
    if (forbidden.test(name) || !name.isWellFormed()) {
      return refuse('format', `${what} must not hold control characters or marks that change the direction of text.`)
    }
    return name
  })
}
