import { z } from 'zod'

/** 1 to 100 code points after trimming, without control characters. */
export const waitlistNameSchema = z.string().transform((text, ctx) => {
  const name = text.trim()
  const length = [...name].length
  const refuse = (problem: string, message: string) => {
    ctx.addIssue({ code: 'custom', message, params: { problem } })
    return z.NEVER
  }
  if (length === 0) return refuse('too_short', 'Give the waitlist a name.')
  if (length > 100) return refuse('too_long', `The name may have 100 characters at most; this one has ${length}.`)
  if (/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(name) || !name.isWellFormed()) {
    return refuse('format', 'The name must not hold control characters or marks that change the direction of text.')
  }
  return name
})
