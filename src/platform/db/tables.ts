import type { Generated } from 'kysely'
import type {
  CredentialsTable,
  EmailChangesTable,
  EndedSignUpsTable,
  PendingTwoFactorsTable,
  RecoveryCodesTable,
  ResetLinksTable,
  SessionsTable,
  TrustedDevicesTable,
  TwoFactorsTable,
} from './account-tables.ts'
import type {
  ActivitiesTable,
  ActivityChainsTable,
  ActivityHashesTable,
  ActivityTombstonesTable,
} from './activity-tables.ts'
import type { Fixed } from './fixed.ts'
import type {
  ImportChunksTable,
  ImportCodesTable,
  ImportedPeopleTable,
  ImportResultsTable,
  ImportsTable,
} from './import-tables.ts'
import type {
  ConfirmedReferralsTable,
  DailyJoinsTable,
  EarlierSkipAmountsTable,
  IdempotencyAnswersTable,
  RemovalKeysTable,
  RemovedSubscribersTable,
  SubscribersTable,
  WaitlistCountersTable,
  WaitlistsTable,
} from './waitlist-tables.ts'

interface OrganisationsTable {
  id: Fixed<string>
  slug: string
  name: string
  plan: string
  created_at: Generated<Date>
  deleted_at: Date | null
  deleted_by_name: string | null
}

/** Every slug an organisation has or had, kept by a trigger; null once the organisation is gone. */
interface OrganisationSlugsTable {
  slug: Fixed<string>
  organisation_id: Fixed<string | null>
}

interface OrganisationCountersTable {
  organisation_id: Fixed<string>
  last_activity_number: Generated<number>
  last_activity_at: Generated<Date>
  last_subscriber_id: Generated<number>
}

interface UsersTable {
  id: Fixed<string>
  name: string
  email: string
  email_verified: Generated<boolean>
  image: string | null
  created_at: Generated<Date>
  updated_at: Generated<Date>
  last_organisation_id: string | null
  credentials_version: Generated<number>
}

interface MembersTable {
  organisation_id: Fixed<string>
  user_id: Fixed<string>
  role: string
  created_at: Generated<Date>
}

interface InvitationsTable {
  id: Fixed<string>
  organisation_id: Fixed<string>
  email: Fixed<string>
  role: Fixed<string>
  token_hash: Buffer
  invited_by_id: string | null
  invited_by_name: string
  created_at: Generated<Date>
  expires_at: Date
  accepted_at: Date | null
  withdrawn_at: Date | null
}

interface ApiKeysTable {
  id: Fixed<string>
  organisation_id: Fixed<string>
  name: Fixed<string>
  name_key: Fixed<string>
  scopes: Fixed<string[]>
  prefix: Fixed<string>
  secret_hash: Buffer
  secret_version: string
  created_at: Generated<Date>
  created_by_id: Fixed<string | null>
  created_by_name: Fixed<string>
  revoked_at: Date | null
  revoked_by_id: string | null
  revoked_by_name: string | null
}

interface ApiKeyUsageTable {
  api_key_id: Fixed<string>
  organisation_id: Fixed<string>
  last_used_at: Date | null
  last_used_ip: string | null
  reuse_count: Generated<number>
  reuse_first_at: Date | null
  reuse_last_at: Date | null
  reuse_last_ip: string | null
  reuse_logged_at: Date | null
}

interface FormSubmissionsTable {
  organisation_id: Fixed<string>
  form_nonce: Fixed<string>
  made_id: Fixed<string>
  created_at: Generated<Date>
}

interface QueuedJobsTable {
  id: Generated<number>
  name: Fixed<string>
  payload: Fixed<Buffer>
  attempts: Generated<number>
  run_at: Generated<Date>
  queue: Generated<string>
  fairness_key: Generated<string>
  turn: number | null
  leased_until: Date | null
}

interface OrganisationTombstonesTable {
  organisation_id: Fixed<string>
  deleted_at: Generated<Date>
  last_activity_number: Fixed<number>
  log_hash: Fixed<Buffer>
}

export interface BillingAccountsTable {
  organisation_id: Fixed<string>
  customer_id: string
  checkout_session_id: string | null
  subscription_id: string | null
  status: string | null
  plan: Generated<string>
  live_subscriptions: Generated<number>
  past_due_since: Date | null
  renews_at: Date | null
  ends_at: Date | null
  ends_with_organisation: Generated<boolean>
  last_question: Generated<number>
  last_answer: Generated<number>
  checked_at: Generated<Date>
}

interface BillingEventsTable {
  organisation_id: Fixed<string>
  event_id: Fixed<string>
  applied_at: Generated<Date>
}

interface DepartedCustomersTable {
  customer_id: Fixed<string>
  departed_at: Generated<Date>
}

/** The schema as the application sees it. */
export interface Tables {
  organisations: OrganisationsTable
  organisation_slugs: OrganisationSlugsTable
  organisation_counters: OrganisationCountersTable
  users: UsersTable
  members: MembersTable
  credentials: CredentialsTable
  sessions: SessionsTable
  trusted_devices: TrustedDevicesTable
  pending_two_factors: PendingTwoFactorsTable
  reset_links: ResetLinksTable
  ended_sign_ups: EndedSignUpsTable
  email_changes: EmailChangesTable
  two_factors: TwoFactorsTable
  recovery_codes: RecoveryCodesTable
  form_submissions: FormSubmissionsTable
  queued_jobs: QueuedJobsTable
  organisation_tombstones: OrganisationTombstonesTable
  invitations: InvitationsTable
  waitlists: WaitlistsTable
  waitlist_counters: WaitlistCountersTable
  daily_joins: DailyJoinsTable
  confirmed_referrals: ConfirmedReferralsTable
  earlier_skip_amounts: EarlierSkipAmountsTable
  subscribers: SubscribersTable
  idempotency_answers: IdempotencyAnswersTable
  removal_keys: RemovalKeysTable
  removed_subscribers: RemovedSubscribersTable
  api_keys: ApiKeysTable
  api_key_usage: ApiKeyUsageTable
  activities: ActivitiesTable
  activity_hashes: ActivityHashesTable
  activity_chains: ActivityChainsTable
  activity_tombstones: ActivityTombstonesTable
  billing_accounts: BillingAccountsTable
  billing_events: BillingEventsTable
  departed_customers: DepartedCustomersTable
  imports: ImportsTable
  import_chunks: ImportChunksTable
  imported_people: ImportedPeopleTable
  import_codes: ImportCodesTable
  import_results: ImportResultsTable
}
