-- The log of a busy organisation has millions of rows, most of them people who joined. Whatever the page filters by, an
-- index leads to the rows in order of their numbers: a filter that leaves the actor's type, the action or the waitlist open
-- is answered by merging the few kinds of rows there are (see find-scans.ts).
alter table activities
  add column target_id text collate "C" generated always as (targets -> 0 ->> 'id') stored,
  -- Where it happened to the first: the waitlist of a subscriber.
  add column other_target_id text collate "C" generated always as (targets -> 1 ->> 'id') stored;

drop index activities_by_action, activities_by_actor;
create index activities_by_target on activities (organisation_id, target_id, number);
create index activities_by_kind on activities (organisation_id, actor_type, action, number)
  where action <> 'subscriber.joined';
create index activities_by_actor on activities (organisation_id, actor_type, actor_id, action, number)
  where action <> 'subscriber.joined' and actor_type in ('user', 'api_key');
create index activities_by_other_target on activities (organisation_id, other_target_id, actor_type, action, number)
  where action <> 'subscriber.joined' and other_target_id is not null;
-- Who joins is in one of these only, so that it costs them little.
create index activities_joined_by_actor on activities (organisation_id, actor_type, other_target_id, actor_id, number)
  where action = 'subscriber.joined' and actor_type in ('user', 'api_key');
create index activities_joined on activities (organisation_id, actor_type, other_target_id, number)
  where action = 'subscriber.joined' and actor_type in ('subscriber', 'system');

-- What is left of the rows that were past the plan's window: the number of the last one, and a hash over all of them.
create table activity_tombstones (
  organisation_id text collate "C" primary key references organisations on delete cascade,
  last_number bigint not null check (last_number > 0),
  log_hash bytea not null,
  deleted_at timestamptz not null default clock_timestamp()
);
alter table activity_tombstones enable row level security;
create policy own_organisation on activity_tombstones
  using (organisation_id = (select current_setting('app.organisation_id', true)));
grant select on activity_tombstones to :app_role;

-- Whoever deletes: only what a tombstone stands for already, and never what is less than a month old.
create or replace function protect_activity() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from organisations where id = old.organisation_id) then
      return old;
    end if;
    if old.occurred_at < clock_timestamp() - interval '30 days' and exists (
      select from activity_tombstones where organisation_id = old.organisation_id and last_number >= old.number
    ) then
      return old;
    end if;
  end if;
  raise exception 'rows of the activity log never change' using errcode = 'restrict_violation';
end $$;

create function protect_activity_tombstone() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not exists (select from organisations where id = old.organisation_id) then
    return old;
  end if;
  if tg_op = 'UPDATE' and new.organisation_id = old.organisation_id and new.last_number > old.last_number then
    return new;
  end if;
  raise exception 'a tombstone of the activity log only moves on' using errcode = 'restrict_violation';
end $$;
create trigger protect before update or delete on activity_tombstones
  for each row execute function protect_activity_tombstone();
create trigger protect_all before truncate on activity_tombstones
  for each statement execute function protect_activity_tombstone();
alter table activity_tombstones enable always trigger protect;
alter table activity_tombstones enable always trigger protect_all;

-- When the transaction ends, a whole beginning is gone: nothing that the tombstone stands for is there.
create function check_activity_tombstone() returns trigger language plpgsql as $$
begin
  if exists (select from activities where organisation_id = new.organisation_id and number <= new.last_number) then
    raise exception 'a tombstone of the activity log stands for rows that are there' using errcode = 'restrict_violation';
  end if;
  return null;
end $$;
create constraint trigger whole_beginning after insert or update on activity_tombstones
  deferrable initially deferred for each row execute function check_activity_tombstone();
alter table activity_tombstones enable always trigger whole_beginning;

-- Deletes the oldest rows from before `p_before` and older than a month, at most `p_limit`, and answers how many. Where
-- another process is at the same log, it leaves it to that one.
create function delete_expired_activities(p_organisation_id text, p_before timestamptz, p_limit integer) returns integer
language plpgsql as $$
declare
  v_first bigint;
  v_last bigint;
  v_hash bytea := '';
  v_row record;
begin
  if not pg_try_advisory_xact_lock(hashtext('expired activities'), hashtext(p_organisation_id)) then
    return 0;
  end if;
  select last_number, log_hash into v_first, v_hash from activity_tombstones where organisation_id = p_organisation_id;
  v_first := coalesce(v_first, 0);
  v_hash := coalesce(v_hash, '');
  v_last := v_first;
  for v_row in
    select a.number, a.occurred_at, a::text as whole from activities a
    where a.organisation_id = p_organisation_id and a.number > v_first order by a.number limit p_limit
  loop
    exit when v_row.occurred_at >= least(p_before, clock_timestamp() - interval '30 days');
    v_hash := sha256(v_hash || convert_to(v_row.whole, 'UTF8'));
    v_last := v_row.number;
  end loop;
  if v_last > v_first then
    insert into activity_tombstones (organisation_id, last_number, log_hash) values (p_organisation_id, v_last, v_hash)
      on conflict (organisation_id) do update
        set last_number = excluded.last_number, log_hash = excluded.log_hash, deleted_at = clock_timestamp();
    delete from activities where organisation_id = p_organisation_id and number > v_first and number <= v_last;
  end if;
  return v_last - v_first;
end $$;
revoke execute on function delete_expired_activities from public;

-- As before, but that the hash goes on from the rows that are gone already.
create or replace function delete_organisation(p_organisation_id text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_hash bytea;
  v_row text;
begin
  if p_organisation_id is distinct from current_setting('app.organisation_id', true) then
    raise exception 'an organisation is deleted from within' using errcode = 'insufficient_privilege';
  end if;
  v_hash := coalesce((select log_hash from activity_tombstones where organisation_id = p_organisation_id), '');
  for v_row in select activities::text from activities where organisation_id = p_organisation_id order by number loop
    v_hash := sha256(v_hash || convert_to(v_row, 'UTF8'));
  end loop;
  insert into organisation_tombstones (organisation_id, last_activity_number, log_hash)
    select organisation_id, last_activity_number, v_hash from organisation_counters where organisation_id = p_organisation_id;
  -- People first, in portions: what counts them needs their waitlist, and holds a portion in memory.
  loop
    delete from subscribers where organisation_id = p_organisation_id and id in (
      select id from subscribers where organisation_id = p_organisation_id limit 50000);
    exit when not found;
  end loop;
  delete from organisations where id = p_organisation_id;
end $$;
