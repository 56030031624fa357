import { sql } from 'kysely'
import type { Check } from './check.ts'

/** What was hashed or sealed can still be recognised and opened. */
export const secretsCheck: Check = {
  name: 'secrets',
  async find({ sql: db, secrets }) {
    if (!secrets)
      return [
        'There is no SECRET_KEY, neither set nor in DATA_DIR: no key, no session and no sealed value can be read.',
      ]
    const { rows } = await sql<{ what: string; version: string; count: number }>`
      select 'The database' as what, secret_version as version, 0 as count from installation
      union all select 'API keys', secret_version, count(*) from api_keys where revoked_at is null group by 2
      union all select 'secrets of two-factor sign-in', secret_version, count(*) from (
        select secret_version from two_factors union all select secret_version from pending_two_factors) t group by 2
      union all select 'keys of removed addresses', secret_version, count(*) from removal_keys group by 2`.execute(db)
    const foreign = rows.filter(({ version }) => !secrets.versions.includes(version))
    return foreign.map(({ what, count }) =>
      count === 0
        ? 'SECRET_KEY is not the one this database was made with.'
        : `${count} ${what} were made with a SECRET_KEY that is not set any more: set it as SECRET_KEY_PREVIOUS.`,
    )
  },
}
