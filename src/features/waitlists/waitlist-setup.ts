import { z } from 'zod'
import { waitlistNameSchema } from './waitlist.ts'

/** What can be set on a waitlist, as it is stored. */
export interface WaitlistSetup {
  name: string
  description: string
  referrals_enabled: boolean
  skip_amount: number
}

export type SetupField = keyof WaitlistSetup

/** What the page calls each of them. */
export const setupFieldLabels: Record<SetupField, string> = {
  name: 'Name',
  description: 'Description',
  referrals_enabled: 'Referrals',
  skip_amount: 'Places ahead for each person',
}

export const setupFields: readonly SetupField[] = ['name', 'description', 'referrals_enabled', 'skip_amount']

/** The setup as its form sends it. */
export const waitlistSetupSchema = z.strictObject({
  name: waitlistNameSchema,
  description: z
    .string()
    // A browser sends every line's end as two characters.
    .transform((text) => text.replaceAll('\r\n', '\n').trim())
    .pipe(z.string().max(1000, 'The description may have 1,000 characters at most.'))
    .refine(
      (text) => !/[^\P{Cc}\n\t]/u.test(text) && text.isWellFormed(),
      'The description must not hold control characters.',
    ),
  referrals_enabled: z.enum(['on', '']).transform((ticked) => ticked === 'on'),
  skip_amount: z
    .string()
    .regex(/^[0-9]{1,3}$/, 'Enter a whole number from 1 to 100.')
    .transform(Number)
    .refine((n) => n >= 1 && n <= 100, 'Enter a whole number from 1 to 100.'),
  /** Which version the form was filled in from; without one the last word counts. */
  version: z
    .string()
    .regex(/^[0-9]{1,15}$/, 'Reload the page and send the form again.')
    .transform(Number)
    .optional(),
})
