-- The second wall is whole: a function is executable by the role that calls it and by no other, a trigger function works for its
-- own table only, and the application's role changes the organisation that it has entered only.

-- PostgreSQL lets every login execute a new function. With a trigger function of the tables' owner on a table of its own, such
-- a login could write into any tenant. The default also counts for functions that later migrations create.
alter default privileges revoke execute on functions from public;

do $$
declare
  v_function regprocedure;
begin
  -- Functions of extensions act on their arguments only, and may belong to another role.
  for v_function in
    select p.oid from pg_proc p
    where p.pronamespace = 'public'::regnamespace and pg_has_role(current_user, p.proowner, 'usage')
      and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  loop
    execute format('revoke execute on routine %s from public', v_function);
  end loop;
end $$;

-- What the application calls with its own rights. Functions past the row-level wall have grants of their own; trigger functions
-- need none.
grant execute on function
  record_activity, take_tokens, role_rank, like_pattern,
  referral_round, referral_code, referral_join_number, status_token, subscriber_json, subscriber_sort_key,
  people_before_range, place_in_line, join_number_at, listed_before, walk_from_position, activities_of_subscriber,
  list_subscribers_json, credit_referrers, join_waitlists, activity_chain_start,
  authorize_api_key, authorize_api_keys, api_list_subscribers, api_list_pages, api_create_subscribers, api_create_referred
  to :app_role;
-- Finds whose an event is, before the organisation is known.
grant execute on function organisation_of_customer to :app_role;

-- The job that deletes an organisation after its seven days does so as the tables' owner, which may be the same login.
revoke execute on function delete_organisation from :app_role;
grant execute on function delete_organisation to :owner_role;

-- Trigger functions ---------------------------------------------------------------------------------------------------

alter function protect_api_key() set search_path = public, pg_temp;
alter function protect_activity() set search_path = public, pg_temp;
alter function protect_activity_tombstone() set search_path = public, pg_temp;
alter function check_activity_tombstone() set search_path = public, pg_temp;
alter function protect_activity_hash() set search_path = public, pg_temp;
alter function protect_activity_chain() set search_path = public, pg_temp;

-- Each of the following is as before, but that it refuses every table except its own.

create or replace function remove_activities() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'organisation_counters'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of organisation_counters only';
  end if;
  delete from activities where organisation_id = old.organisation_id;
  return null;
end $$;

create or replace function count_joined() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  if tg_relid <> 'subscribers'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of subscribers only';
  end if;
  with ranges as materialized (
    select organisation_id, waitlist_id, bucket, sum(listed)::integer as listed, sum(unmoved)::integer as unmoved,
           sum(moved)::integer as moved, max(join_number) as last_join_number
    from (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, 1 as listed,
             (state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved, join_number
      from new_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, 1, null from new_rows where state = 'active' and priority_score > 0
    ) r group by 1, 2, 3
  ), counted as (
    insert into line_counts as counts (organisation_id, waitlist_id, level, bucket, listed, unmoved, moved)
      select organisation_id, waitlist_id, level, bucket >> (6 * level - 6), sum(listed), sum(unmoved), sum(moved)
      from ranges, generate_series(1, 4) level group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (organisation_id, waitlist_id, level, bucket) do update
        set listed = counts.listed + excluded.listed,
            unmoved = counts.unmoved + excluded.unmoved,
            moved = counts.moved + excluded.moved
  ), dated as (
    insert into daily_joins as days (organisation_id, waitlist_id, day, joined)
      select organisation_id, waitlist_id, (added_at at time zone 'UTC')::date, count(*) from new_rows group by 1, 2, 3 order by 1, 2, 3
      on conflict (organisation_id, waitlist_id, day) do update set joined = days.joined + excluded.joined
  )
  update waitlist_counters w
    set listed = w.listed + r.listed,
        unmoved = w.unmoved + r.unmoved,
        moved = w.moved + r.moved,
        last_join_number = greatest(w.last_join_number, r.last_join_number)
    from (
      select organisation_id, waitlist_id, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved,
             max(last_join_number) as last_join_number
      from ranges group by 1, 2
    ) r where w.organisation_id = r.organisation_id and w.waitlist_id = r.waitlist_id;
  return null;
end $$;

create or replace function count_left() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  if tg_relid <> 'subscribers'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of subscribers only';
  end if;
  perform count_range(c.organisation_id, c.waitlist_id, c.bucket, c.listed, c.unmoved, c.moved, null) from (
    select organisation_id, waitlist_id, bucket, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved
    from (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, -1 as listed,
             -(state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved
      from old_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, -1 from old_rows where state = 'active' and priority_score > 0
    ) r group by 1, 2, 3 order by 1, 2, 3
  ) c;
  return null;
end $$;

create or replace function count_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  if tg_relid <> 'subscribers'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of subscribers only';
  end if;
  perform count_range(c.organisation_id, c.waitlist_id, c.bucket, c.listed, c.unmoved, c.moved, c.last_join_number) from (
    select organisation_id, waitlist_id, bucket, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved,
           max(join_number) as last_join_number
    from (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, 1 as listed,
             (state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved, join_number
      from new_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, 1, null from new_rows where state = 'active' and priority_score > 0
      union all
      select organisation_id, waitlist_id, join_number >> 6, -1, -(state = 'active' and priority_score = 0)::integer, 0, null
      from old_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, -1, null from old_rows where state = 'active' and priority_score > 0
    ) r group by 1, 2, 3
    having sum(listed) <> 0 or sum(unmoved) <> 0 or sum(moved) <> 0
    order by 1, 2, 3
  ) c;
  return null;
end $$;

create or replace function remove_people_of_waitlist() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'waitlists'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of waitlists only';
  end if;
  delete from subscribers where organisation_id = old.organisation_id and waitlist_id = old.id;
  return old;
end $$;

create or replace function open_waitlist_counter() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'waitlists'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of waitlists only';
  end if;
  insert into waitlist_counters (organisation_id, waitlist_id) values (new.organisation_id, new.id);
  return null;
end $$;

create or replace function note_departed_customer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'billing_accounts'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of billing_accounts only';
  end if;
  insert into departed_customers (customer_id) values (old.customer_id) on conflict do nothing;
  return null;
end $$;

create or replace function keep_slug() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'organisations'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of organisations only';
  end if;
  insert into organisation_slugs as slugs (slug, organisation_id) values (new.slug, new.id)
    on conflict (slug) do update set slug = excluded.slug where slugs.organisation_id = excluded.organisation_id;
  if not found then
    raise exception 'the slug % is another organisation''s', new.slug using errcode = 'unique_violation', constraint = 'organisation_slugs_pkey';
  end if;
  return null;
end $$;

create or replace function remove_activity_hashes() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'activity_chains'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of activity_chains only';
  end if;
  delete from activity_hashes where organisation_id = old.organisation_id;
  return null;
end $$;

create or replace function keep_skip_amount() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'waitlists'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of waitlists only';
  end if;
  -- Changed twice while nobody joined, the first amount is the one that counted.
  insert into earlier_skip_amounts (organisation_id, waitlist_id, last_join_number, places)
    select c.organisation_id, c.waitlist_id, c.last_join_number, old.skip_amount from waitlist_counters c
    where c.organisation_id = old.organisation_id and c.waitlist_id = old.id
    on conflict do nothing;
  return null;
end $$;

create or replace function keep_confirmed_referral() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if tg_relid <> 'subscribers'::regclass then
    raise insufficient_privilege using message = 'this function works for triggers of subscribers only';
  end if;
  insert into confirmed_referrals (organisation_id, waitlist_id, join_number, places)
    select w.organisation_id, w.id, new.join_number, case when w.referrals_enabled then w.skip_amount else 0 end from waitlists w
    where w.organisation_id = new.organisation_id and w.id = new.waitlist_id
    on conflict (organisation_id, waitlist_id, join_number) do update set places = excluded.places;
  return null;
end $$;

-- What the application's role writes --------------------------------------------------------------------------------------

-- The caller has entered the organisation.
create or replace function record_key_reuse(
  p_organisation_id text, p_key_id text, p_count integer, p_at timestamptz, p_ip text, p_request_id text, p_user_agent text
) returns void language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_key api_keys;
  v_usage api_key_usage;
begin
  if p_organisation_id is distinct from current_setting('app.organisation_id', true) then
    raise exception 'the use of a key is recorded from within its organisation' using errcode = 'insufficient_privilege';
  end if;
  select * into strict v_key from api_keys k
    where k.organisation_id = p_organisation_id and k.id = p_key_id and k.revoked_at is not null;
  insert into api_key_usage as usage (api_key_id, organisation_id, reuse_count, reuse_first_at, reuse_last_at, reuse_last_ip)
    values (v_key.id, v_key.organisation_id, p_count, p_at, p_at, p_ip)
    on conflict (api_key_id) do update
      set reuse_count = usage.reuse_count + excluded.reuse_count,
          reuse_first_at = coalesce(usage.reuse_first_at, excluded.reuse_first_at),
          reuse_last_at = greatest(usage.reuse_last_at, excluded.reuse_last_at),
          reuse_last_ip = excluded.reuse_last_ip
    returning * into v_usage;
  if v_usage.reuse_logged_at is null or v_usage.reuse_logged_at <= p_at - interval '1 hour' then
    perform from organisation_counters c where c.organisation_id = v_key.organisation_id for update;
    update api_key_usage set reuse_logged_at = p_at
      where organisation_id = p_organisation_id and api_key_id = p_key_id;
    perform record_activity(v_key.organisation_id, 'api_key.used_after_revoke', 'api_key', v_key.id, v_key.name,
      jsonb_build_array(jsonb_build_object('type', 'api_key', 'id', v_key.id, 'name', v_key.name)), null,
      p_request_id, p_ip, p_user_agent);
  end if;
end $$;

-- These are read before it is known whose a request is, but only written from within the organisation.
do $$
declare
  v_table text;
  v_id text;
begin
  foreach v_table in array array['organisations', 'organisation_counters', 'members', 'invitations'] loop
    v_id := case v_table when 'organisations' then 'id' else 'organisation_id' end;
    execute format('alter table %I enable row level security', v_table);
    execute format('create policy everybody_reads on %I for select using (true)', v_table);
    execute format('create policy own_organisation on %I using (%I = (select current_setting(''app.organisation_id'', true)))', v_table, v_id);
  end loop;
end $$;

-- Slugs of organisations that are gone -----------------------------------------------------------------------------------

-- They stay taken for good. Nothing tells whose they were.
alter table organisation_slugs alter column organisation_id drop not null;
alter table organisation_slugs drop constraint organisation_slugs_organisation_id_fkey;
alter table organisation_slugs add constraint organisation_slugs_organisation_id_fkey
  foreign key (organisation_id) references organisations on delete set null;
