import { sql } from 'kysely'
import { findPending, MigrationError } from '../../platform/db/migrate.ts'
import type { Check, Patient } from './check.ts'

/** Looked into before it is known whose the request is, and only read by the application. */
const beforeTheWall = ['organisation_slugs', 'organisation_tombstones']
const protectedTables = ['activities', 'activity_chains', 'activity_hashes', 'activity_tombstones', 'api_keys']

const names = async ({ sql: db }: Patient, query: ReturnType<typeof sql<{ name: string }>>) =>
  (await query.execute(db)).rows.map(({ name }) => name)

export const migrationsCheck: Check = {
  name: 'migrations',
  async find({ sql: db }) {
    try {
      const pending = await findPending(async (text) => (await sql.raw(text).execute(db)).rows)
      return pending.map((name) => `Migration ${name} is not applied yet: "queueup migrate" applies it.`)
    } catch (error) {
      if (error instanceof MigrationError) return [error.message]
      throw error
    }
  },
}

export const protectionCheck: Check = {
  name: 'protection',
  async find(patient) {
    const { app } = patient.roles
    const open = await names(
      patient,
      sql`select c.relname as name from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and c.relname <> all (${beforeTheWall}::text[])
          and (c.relname = 'organisations' or exists (
            select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organisation_id' and not a.attisdropped))
          and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))
          and (${app ?? null}::text is null or has_any_column_privilege(${app ?? 'public'}, c.oid, 'select'))
        order by 1`,
    )
    const unprotected = await names(
      patient,
      sql`select t.name from unnest(${protectedTables}::text[]) t(name)
        where (select count(*) from pg_trigger g where g.tgrelid = to_regclass('public.' || t.name)
                 and g.tgname in ('protect', 'protect_all') and g.tgenabled = 'A') < 2`,
    )
    const resting = await names(
      patient,
      sql`select g.tgname || ' of ' || g.tgrelid::regclass as name from pg_trigger g join pg_class c on c.oid = g.tgrelid
        where c.relnamespace = 'public'::regnamespace and g.tgenabled = 'D' order by 1`,
    )
    const invalid = await names(
      patient,
      sql`select i.indexrelid::regclass::text as name from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace = 'public'::regnamespace and not (i.indisvalid and i.indisready) order by 1`,
    )
    return [
      ...open.map(
        (name) => `Row-level security is off for ${name}: one organisation could see or change another's rows.`,
      ),
      ...unprotected.map((name) => `The triggers that keep rows of ${name} from changing are off or gone.`),
      ...resting.map((name) => `The trigger ${name} is switched off.`),
      ...invalid.map((name) => `The index ${name} is not valid: rebuild it with REINDEX.`),
      ...(app ? await findExcess(patient, app) : []),
    ]
  },
}

/** What the application's role may do and must not. */
async function findExcess(patient: Patient, app: string): Promise<string[]> {
  const mighty = await names(
    patient,
    sql`select rolname as name from pg_roles where rolname = ${app} and (rolsuper or rolbypassrls)`,
  )
  const excess = await names(
    patient,
    sql`select t.name || ': ' || p.name as name
      from unnest(${protectedTables}::text[]) t(name), unnest(array['update', 'delete', 'truncate']) p(name)
      where to_regclass('public.' || t.name) is not null and has_table_privilege(${app}, 'public.' || t.name, p.name) order by 1`,
  )
  return [
    ...mighty.map(
      (name) => `The application's role ${name} passes every wall: it is a superuser or bypasses row-level security.`,
    ),
    ...excess.map((name) => `The application's role may do what it must not (${name}).`),
  ]
}
