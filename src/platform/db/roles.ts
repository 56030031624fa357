import type { Client } from 'pg'
import pg from 'pg'

/** Whom the database's objects belong to, and whom the application acts as. Undefined: the login does both. */
export interface DatabaseRoles {
  owner: string | undefined
  app: string | undefined
}

/**
 * Makes the lesser roles of a database, named after it, and lets the login act as them. Where the login may make no roles,
 * and they are not there, it answers none: then triggers alone protect what must not change.
 */
export async function ensureRoles(client: Client): Promise<DatabaseRoles> {
  const { rows } = await client.query<{ database: string }>('select current_database() as database')
  const stem = (rows[0]?.database ?? 'queueup').slice(0, 55)
  const roles = { owner: `${stem}_owner`, app: `${stem}_app` }
  const quote = pg.escapeIdentifier
  await client.query('begin')
  try {
    await client.query("select pg_advisory_xact_lock(hashtext('queueup roles'))")
    for (const role of [roles.owner, roles.app]) {
      const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role])
      if (rowCount === 0) await client.query(`create role ${quote(role)} nologin nosuperuser nobypassrls`)
      await client.query(`grant ${quote(role)} to current_user`)
    }
    await client.query(
      `grant create, connect, temporary on database ${quote(rows[0]?.database ?? '')} to ${quote(roles.owner)}`,
    )
    await client.query(`grant create, usage on schema public to ${quote(roles.owner)}`)
    await client.query(`grant usage on schema public to ${quote(roles.app)}`)
    await client.query('commit')
    return roles
  } catch (error) {
    await client.query('rollback')
    // 42501: insufficient privilege.
    if (error instanceof pg.DatabaseError && error.code === '42501') return { owner: undefined, app: undefined }
    throw error
  }
}

/** The roles that the migrations were run for, as written then: a copy of a database keeps them. */
export async function readRoles(client: Client): Promise<DatabaseRoles> {
  const { rows } = await client.query<{ owner_role: string | null; app_role: string | null }>(
    'select owner_role, app_role from schema_roles',
  )
  return { owner: rows[0]?.owner_role ?? undefined, app: rows[0]?.app_role ?? undefined }
}
