import { toCsvLine } from '../../platform/csv/csv-line.ts'

export const exampleFilePath = '/import-example.csv'

/** A file as the import likes it best: Grace came through Ada’s code, and Edsger has not confirmed. */
export const exampleFile = [
  ['email', 'joined_at', 'referral_code', 'referred_by', 'state'],
  ['ada@example.com', '2026-05-01T09:00:00Z', 'ADA001', '', 'active'],
  ['grace@example.com', '2026-05-02T10:30:00Z', 'GRACE2', 'ADA001', 'active'],
  ['edsger@example.com', '2026-05-03T08:15:00Z', 'EDSGER', '', 'pending'],
]
  .map(toCsvLine)
  .join('')
