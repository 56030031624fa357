import type { Database, Statement } from '../../platform/db/database.ts'
import type { ApiKeyAttempt } from './api-key-attempt.ts'
import type { KeyGate, PresentedKey } from './key-gate.ts'

const authorize: Statement = {
  name: 'authorize_api_key',
  text: 'select * from authorize_api_key($1, $2, $3, $4, $5, $6, $7, $8)',
}

/** The check of a key alone, for requests that go no further. */
export async function authorizeApiKey(
  db: Database,
  gate: KeyGate,
  key: PresentedKey,
  scope: string | null,
): Promise<ApiKeyAttempt> {
  const [attempt] = await db.run<ApiKeyAttempt>(authorize, gate.attemptArguments(key, scope))
  if (!attempt) throw new Error('authorize_api_key answered no row')
  return attempt
}
