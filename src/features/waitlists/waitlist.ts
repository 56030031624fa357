import { nameSchema } from '../../platform/name-schema.ts'

/** 1 to 100 code points after trimming. */
export const waitlistNameSchema = nameSchema({
  what: 'The name',
  maxCodePoints: 100,
  missing: 'Give the waitlist a name.',
})

export interface Waitlist {
  id: string
  name: string
  description: string
  referrals_enabled: boolean
  skip_amount: number
  created_at: Date
  archived_at: Date | null
  /** Another one after every change of the setup. */
  version: number
  /** Everybody on it, pending or active. */
  subscriber_count: number
  /** Those of them who have a position. */
  active_count: number
  /** Everybody who ever joined, also those who were removed since. */
  joined_count: number
}
