import type { ColumnType, Generated } from 'kysely'
import type { Fixed } from './fixed.ts'

/** Written as JSON text. */
type Json = ColumnType<unknown, string, string>

export interface ImportsTable {
  organisation_id: Fixed<string>
  id: Fixed<string>
  waitlist_id: Fixed<string>
  state: Generated<string>
  file_name: Fixed<string>
  started_by: Json
  reading: ColumnType<unknown, string | undefined, string>
  bytes: Generated<number>
  lines: Generated<number>
  position: Generated<number>
  done_rows: Generated<number>
  added: Generated<number>
  confirmed: Generated<number>
  already_there: Generated<number>
  refused: Generated<number>
  began_with: ColumnType<unknown, string | undefined, string>
  run: Generated<number>
  failures: Generated<number>
  stopped_reason: string | null
  created_at: Generated<Date>
  started_at: Date | null
  progressed_at: Date | null
  finished_at: Date | null
  file_deleted_at: Date | null
  activity_number: number | null
  queued_job_id: number | null
}

export interface ImportedPeopleTable {
  organisation_id: Fixed<string>
  first_id: Fixed<number>
  last_id: number
  import_id: Fixed<string>
  activity_number: number | null
}

export interface ImportChunksTable {
  organisation_id: Fixed<string>
  import_id: Fixed<string>
  number: Fixed<number>
  bytes: Buffer
}

export interface ImportCodesTable {
  organisation_id: Fixed<string>
  import_id: Fixed<string>
  file_code: Fixed<string>
  code: Fixed<string>
}

export interface ImportResultsTable {
  organisation_id: Fixed<string>
  import_id: Fixed<string>
  first_row: Fixed<number>
  outcomes: string
}
