import { AppError } from '../../platform/errors.ts'
import type { Services } from '../../platform/services.ts'

/** What somebody on a waitlist may know of themselves without signing in: nothing that names them. */
export interface SubscriberStatus {
  waitlist_name: string
  archived: boolean
  /** Null until they have confirmed their address. */
  position: number | null
  /** How many stand behind them. */
  behind: number | null
  referral_code: string
  referral_count: number
  /** How many places each referral moves ahead. */
  skip_amount: number
}

const read = { name: 'read_status', text: 'select * from read_status($1)' }

/** What a status link opens. @throws AppError `not_found`, also while the waitlist's referrals are off. */
export async function readStatus({ db }: Services, token: string): Promise<SubscriberStatus> {
  const [status] = /^[0-9A-Za-z]{50}$/.test(token) ? await db.run<SubscriberStatus>(read, [token]) : []
  if (status) return status
  throw new AppError('not_found', 'This link is cut off, or whoever it was made for has left the waitlist.', {
    page: { title: 'No place in line here' },
  })
}

/** Where a person on a waitlist sees their place. */
export function statusLink(publicUrl: string, token: string): string {
  return `${publicUrl}/s/${token}`
}
