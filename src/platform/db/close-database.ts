import type { Client } from 'pg'
import pg from 'pg'
import type { DatabaseRoles } from './roles.ts'

/**
 * Takes from everybody, and from the application's role, what PostgreSQL gives by default in a database: temporary tables
 * and, before version 15, objects in schema public. Takes nothing where the login or its role does not own the database.
 */
export async function closeDatabase(client: Client, { owner, app }: DatabaseRoles): Promise<void> {
  const { rows } = await client.query<{ database: string; temporary: boolean; objects: boolean }>(
    `select d.datname as database,
       pg_has_role(current_user, d.datdba, 'usage') and exists (
         select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
         where a.grantee in (0, to_regrole(quote_ident($1))) and a.privilege_type = 'TEMPORARY') as temporary,
       pg_has_role(current_user, n.nspowner, 'usage') and exists (
         select from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
         where a.grantee in (0, to_regrole(quote_ident($1))) and a.privilege_type = 'CREATE') as objects
     from pg_database d, pg_namespace n where d.datname = current_database() and n.nspname = 'public'`,
    [app ?? null],
  )
  const [open] = rows
  if (!open) return
  const from = `from public${app ? `, ${pg.escapeIdentifier(app)}` : ''}`
  if (open.temporary) await client.query(`revoke temporary on database ${pg.escapeIdentifier(open.database)} ${from}`)
  if (!open.objects) return
  // The tables' owner may have been able to as one of everybody.
  if (owner) await client.query(`grant create on schema public to ${pg.escapeIdentifier(owner)}`)
  await client.query(`revoke create on schema public ${from}`)
}
