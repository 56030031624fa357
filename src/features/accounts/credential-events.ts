/** What lets somebody into an account, or is half of a way in. */
export const trustArtefacts = [
  'sessions',
  'trusted_devices',
  'mfa_challenges',
  'reset_links',
  'email_changes',
  'pending_two_factors',
  'sign_ups',
] as const

export type TrustArtefact = (typeof trustArtefacts)[number]

/** "Elsewhere" leaves the browser that caused the event as it was, where that browser is known. */
type Effect = 'ends' | 'ends elsewhere' | 'stays'

/** Whatever was begun under the earlier credentials and is not finished. */
const begun = {
  mfa_challenges: 'ends',
  reset_links: 'ends',
  email_changes: 'ends',
  pending_two_factors: 'ends',
} as const

/** A sign-up link leads nowhere while its address has an account. It must not lead anywhere afterwards either. */
const addressKept = { sign_ups: 'stays' } as const
const addressGivenUp = { sign_ups: 'ends' } as const

const elsewhere = { sessions: 'ends elsewhere', trusted_devices: 'ends elsewhere' } as const
const everywhere = { sessions: 'ends', trusted_devices: 'ends' } as const

/** Which event ends what. A test tries each pair through the pages, and the guide has the same table. */
export const credentialEvents = {
  password_changed: { ...elsewhere, ...begun, ...addressKept },
  password_reset: { ...elsewhere, sessions: 'ends', ...begun, ...addressKept },
  /** Somebody proved the mailbox of an account that was never confirmed. Nothing of who made it stays. */
  account_claimed: { ...everywhere, ...begun, ...addressKept },
  email_changed: { ...elsewhere, ...begun, ...addressGivenUp },
  two_factor_on: { ...elsewhere, ...begun, ...addressKept },
  two_factor_off: { ...elsewhere, ...begun, ...addressKept },
  /** By the operator. */
  two_factor_removed: { ...everywhere, ...begun, ...addressKept },
  recovery_codes_renewed: { sessions: 'stays', trusted_devices: 'stays', ...begun, ...addressKept },
  /**
   * Asks for no password, so it leaves the owner's ways back in: with a stolen session somebody could send it again and
   * again. The password is the same, and anybody who knows it or the mailbox can start over.
   */
  signed_out_elsewhere: {
    ...elsewhere,
    ...begun,
    mfa_challenges: 'stays',
    reset_links: 'stays',
    ...addressKept,
  },
  account_deleted: { ...everywhere, ...begun, ...addressGivenUp },
} as const satisfies Record<string, Record<TrustArtefact, Effect>>

export type CredentialEvent = keyof typeof credentialEvents
