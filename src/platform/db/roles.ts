import type { Client } from 'pg'
import pg from 'pg'

/** Whom the database's objects belong to, and whom the application acts as. Undefined: the login does both. */
export interface DatabaseRoles {
  owner: string | undefined
  app: string | undefined
}

const none: DatabaseRoles = { owner: undefined, app: undefined }
const quote = pg.escapeIdentifier

/**
 * Makes the lesser roles of a database and lets the login act as them: those that its migrations were run for, as a copy
 * under another name keeps them, or else roles named after it. Where the login may make no roles, and they are not there, it
 * answers none: then triggers alone protect what must not change.
 */
export async function ensureRoles(client: Client): Promise<DatabaseRoles> {
  const { rows } = await client.query<{ database: string }>('select current_database() as database')
  const database = rows[0]?.database ?? ''
  const stem = database.slice(0, 55)
  const { owner, app } = (await findStoredRoles(client)) ?? { owner: `${stem}_owner`, app: `${stem}_app` }
  if (!owner || !app) return none
  await client.query('begin')
  try {
    await client.query("select pg_advisory_xact_lock(hashtext('queueup roles'))")
    for (const role of [owner, app]) {
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
      if (rowCount === 0) await client.query(`create role ${quote(role)} nologin nosuperuser nobypassrls`)
      if (!(await canActAs(client, role))) await client.query(`grant ${quote(role)} to current_user`)
    }
    // Only what is lacking: who was given the roles ready made need not be able to grant.
    const may = await client.query<{ create: boolean; objects: boolean; usage: boolean }>(
      `select has_database_privilege($1, current_database(), 'create') as create,
              has_schema_privilege($1, 'public', 'create') and has_schema_privilege($1, 'public', 'usage') as objects,
              has_schema_privilege($2, 'public', 'usage') as usage`,
      [owner, app],
    )
    const [has] = may.rows
    if (!has?.create)
      await client.query(`grant create, connect, temporary on database ${quote(database)} to ${quote(owner)}`)
    if (!has?.objects) await client.query(`grant create, usage on schema public to ${quote(owner)}`)
    if (!has?.usage) await client.query(`grant usage on schema public to ${quote(app)}`)
    await client.query('commit')
    return { owner, app }
  } catch (error) {
    await client.query('rollback')
    if (isForbidden(error)) return none
    throw error
  }
}

/** The roles that the migrations were run for, as written then; undefined before the first. */
export async function findStoredRoles(client: Client): Promise<DatabaseRoles | undefined> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('public.schema_roles') is not null as there",
  )
  if (!rows[0]?.there) return undefined
  try {
    const stored = await client.query<{ owner_role: string | null; app_role: string | null }>(
      'select owner_role, app_role from public.schema_roles',
    )
    const [row] = stored.rows
    return row && { owner: row.owner_role ?? undefined, app: row.app_role ?? undefined }
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}

async function canActAs(client: Client, role: string): Promise<boolean> {
  await client.query('savepoint act_as')
  try {
    await client.query(`set local role ${quote(role)}`)
    return true
  } catch (error) {
    if (isForbidden(error)) return false
    throw error
  } finally {
    // Also takes the role back.
    await client.query('rollback to savepoint act_as')
  }
}

/** 42501: insufficient privilege. */
function isForbidden(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '42501'
}
