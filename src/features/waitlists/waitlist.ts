export interface Waitlist {
  id: string
  name: string
  description: string
  referrals_enabled: boolean
  skip_amount: number
  created_at: Date
  archived_at: Date | null
  /** Everybody on it, pending or active. */
  subscriber_count: number
}
