import type { Generated } from 'kysely'
import type { Fixed } from './fixed.ts'

/** better-auth reads these; we write them, so that a person and their first organisation come together or not at all. */
export interface CredentialsTable {
  id: Fixed<string>
  user_id: Fixed<string>
  account_id: Fixed<string>
  provider_id: Fixed<string>
  password: string | null
}

export interface SessionsTable {
  id: Fixed<string>
  user_id: Fixed<string>
  token: string
  expires_at: Date
  ip_address: string | null
  user_agent: string | null
  created_at: Generated<Date>
  confirmed_at: Generated<Date>
  last_seen_at: Generated<Date>
  trusted_device_id: string | null
}

export interface TrustedDevicesTable {
  id: Fixed<string>
  user_id: Fixed<string>
  token_hash: Buffer
  created_at: Fixed<Date>
  last_used_at: Date
}

export interface PendingTwoFactorsTable {
  session_id: Fixed<string>
  user_id: Fixed<string>
  secret: Buffer
  secret_version: string
  created_at: Date
}

export interface ResetLinksTable {
  token_hash: Fixed<Buffer>
  user_id: Fixed<string>
  is_mailed: Fixed<boolean>
  expires_at: Fixed<Date>
}

export interface EndedSignUpsTable {
  email_hash: Fixed<Buffer>
  ended_at: Date
}

export interface EmailChangesTable {
  user_id: Fixed<string>
  email: string
  token_hash: Buffer
  created_at: Generated<Date>
  expires_at: Date
}

export interface TwoFactorsTable {
  user_id: Fixed<string>
  secret: Buffer
  secret_version: string
  last_step: Generated<number>
  created_at: Generated<Date>
  confirmed_at: Date
}

export interface RecoveryCodesTable {
  user_id: Fixed<string>
  code_hash: Fixed<Buffer>
  used_at: Date | null
}
