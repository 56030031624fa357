import type { Generated } from 'kysely'
import type { Fixed } from './fixed.ts'

export interface WaitlistsTable {
  id: Fixed<string>
  organisation_id: Fixed<string>
  name: string
  description: Generated<string>
  referrals_enabled: Generated<boolean>
  skip_amount: Generated<number>
  referral_key: Generated<Buffer>
  created_at: Generated<Date>
  archived_at: Date | null
  version: Generated<number>
}

/** Kept by a trigger on `subscribers`. */
export interface DailyJoinsTable {
  organisation_id: Fixed<string>
  waitlist_id: Fixed<string>
  day: Fixed<Date>
  joined: Fixed<number>
}

export interface IdempotencyAnswersTable {
  organisation_id: Fixed<string>
  subscriber_id: Fixed<number>
}

export interface RemovalKeysTable {
  organisation_id: Fixed<string>
  sealed_key: Buffer
  secret_version: string
}

export interface RemovedSubscribersTable {
  organisation_id: Fixed<string>
  waitlist_id: Fixed<string>
  email_hash: Fixed<Buffer>
  subscriber_id: number
  removed_at: Date
  credited: Generated<boolean>
}

/** Kept by a trigger on `waitlists`. */
export interface EarlierSkipAmountsTable {
  organisation_id: Fixed<string>
  waitlist_id: Fixed<string>
  last_join_number: Fixed<number>
  places: Fixed<number>
}

/** Kept by a trigger on `subscribers`. */
export interface ConfirmedReferralsTable {
  organisation_id: string
  waitlist_id: string
  join_number: number
  places: number
}

/** Kept by triggers on `subscribers`. */
export interface WaitlistCountersTable {
  organisation_id: Fixed<string>
  waitlist_id: Fixed<string>
  last_join_number: Fixed<number>
  listed: Fixed<number>
  unmoved: Fixed<number>
  moved: Fixed<number>
}

export interface SubscribersTable {
  organisation_id: Fixed<string>
  waitlist_id: Fixed<string>
  join_number: Fixed<number>
  id: Fixed<number>
  email: Fixed<string>
  canonical_email: Fixed<string>
  state: string
  joined_at: Fixed<Date>
  added_at: Generated<Date>
  priority_score: number
  referral_count: number
  referral_code: Fixed<string>
  referred_by: number | null
}
