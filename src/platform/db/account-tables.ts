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
}

/** better-auth's: of ours are only those of a password reset. */
export interface VerificationsTable {
  id: Fixed<string>
  identifier: Fixed<string>
  value: Fixed<string>
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
  confirmed_at: Date | null
}

export interface RecoveryCodesTable {
  user_id: Fixed<string>
  code_hash: Fixed<Buffer>
  used_at: Date | null
}
