import { sql } from 'kysely'
import type { Check } from './check.ts'

/** Functions of this schema but for those of extensions, which act on their arguments only. */
const ownFunctions = sql`pg_proc p where p.pronamespace = 'public'::regnamespace
  and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')`

/** What functions of the tables' owner can be used for, and by whom. */
export const functionsCheck: Check = {
  name: 'functions',
  async find({ sql: db, roles: { app } }) {
    const { rows } = await sql<{ what: string }>`
      select 'Everybody who can connect to the database may execute the function ' || p.oid::regprocedure
          || ': revoke it with "revoke execute on function ' || p.oid::regprocedure || ' from public".' as what
        from ${ownFunctions} and exists (
          select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0 and a.privilege_type = 'EXECUTE')
      union all
      select 'The application''s role may execute the trigger function ' || p.oid::regprocedure || ', and so use it for other tables.'
        from ${ownFunctions} and p.prorettype = 'trigger'::regtype
          and to_regrole(quote_ident(${app ?? null}::text)) in (
            select a.grantee from aclexplode(p.proacl) a where a.privilege_type = 'EXECUTE')
      union all
      select 'The function ' || p.oid::regprocedure || ' does not fix its search_path: it may work on tables of its caller.'
        from ${ownFunctions} and (p.prosecdef or p.prorettype = 'trigger'::regtype)
          and 'search_path=public, pg_temp' <> all (coalesce(p.proconfig, '{}'))
      union all
      select 'New functions will be open to everybody: the default privileges of ' || pg_get_userbyid(c.relowner) || ' do not revoke it.'
        from pg_class c where c.oid = 'public.schema_migrations'::regclass and not exists (
          select from pg_default_acl d where d.defaclrole = c.relowner and d.defaclobjtype = 'f' and d.defaclnamespace = 0
            and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0))
      union all
      select 'Everybody who can connect to the database may create objects in schema public: revoke it with "revoke create on schema public from public".'
        from pg_namespace n where n.nspname = 'public' and exists (
          select from aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a where a.grantee = 0 and a.privilege_type = 'CREATE')
      order by 1`.execute(db)
    return rows.map(({ what }) => what)
  },
}
