-- The log as evidence: every row has a hash over itself and the hash of the row before it. The hashes stand apart, since rows
-- of the log never change, and are made after the writes, which know nothing of them.
create table activity_hashes (
  -- That there is such an organisation is the chain's to know, once for all that are made together.
  organisation_id text collate "C" not null,
  number bigint not null,
  hash bytea not null check (length(hash) = 32),
  primary key (organisation_id, number)
);

-- How far an organisation's chain goes. Whoever makes it longer locks this row, so that no row is chained twice.
create table activity_chains (
  organisation_id text collate "C" primary key references organisations on delete cascade,
  last_number bigint not null,
  last_hash bytea not null
) with (fillfactor = 50);

alter table activity_hashes enable row level security;
alter table activity_chains enable row level security;
create policy own_organisation on activity_hashes
  using (organisation_id = (select current_setting('app.organisation_id', true)));
create policy own_organisation on activity_chains
  using (organisation_id = (select current_setting('app.organisation_id', true)));
grant select on activity_hashes, activity_chains to :app_role;

create function protect_activity_hash() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if not exists (select from organisations where id = old.organisation_id) then
      return old;
    end if;
    if exists (select from activity_tombstones where organisation_id = old.organisation_id and last_number >= old.number) then
      return old;
    end if;
  end if;
  raise exception 'hashes of the activity log never change' using errcode = 'restrict_violation';
end $$;
create trigger protect before update or delete on activity_hashes for each row execute function protect_activity_hash();
create trigger protect_all before truncate on activity_hashes for each statement execute function protect_activity_hash();
alter table activity_hashes enable always trigger protect;
alter table activity_hashes enable always trigger protect_all;

create function protect_activity_chain() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not exists (select from organisations where id = old.organisation_id) then
    return old;
  end if;
  if tg_op = 'UPDATE' and new.organisation_id = old.organisation_id and new.last_number > old.last_number then
    return new;
  end if;
  raise exception 'a chain of the activity log only grows' using errcode = 'restrict_violation';
end $$;
create trigger protect before update or delete on activity_chains for each row execute function protect_activity_chain();
create trigger protect_all before truncate on activity_chains for each statement execute function protect_activity_chain();
alter table activity_chains enable always trigger protect;
alter table activity_chains enable always trigger protect_all;

-- As a foreign key with a cascade would.
create function remove_activity_hashes() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  delete from activity_hashes where organisation_id = old.organisation_id;
  return null;
end $$;
create trigger remove_activity_hashes after delete on activity_chains
  for each row execute function remove_activity_hashes();

-- A row as its hash sees it: what PostgreSQL writes for a jsonb object of these, put together by hand in less than half the
-- time. Names that the product gives need no escape. Columns generated from others are left out, but for the id.
create function activity_text(p_row activities) returns text language sql stable parallel safe as $$
  select '{"id": "' || p_row.id || '", "ip": ' || coalesce(to_json(p_row.ip)::text, 'null')
      || ', "action": "' || p_row.action || '", "number": ' || p_row.number
      || ', "changes": ' || coalesce(p_row.changes::text, 'null') || ', "targets": ' || p_row.targets
      || ', "actor_id": ' || coalesce(to_json(p_row.actor_id)::text, 'null') || ', "actor_name": ' || to_json(p_row.actor_name)
      || ', "actor_type": "' || p_row.actor_type || '", "request_id": ' || coalesce(to_json(p_row.request_id)::text, 'null')
      || ', "user_agent": ' || coalesce(to_json(p_row.user_agent)::text, 'null')
      || ', "occurred_at": "' || to_char(p_row.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      || '", "organisation_id": "' || p_row.organisation_id || '"}'
$$;

-- SHA-256 over the previous row's hash in hex, a line feed, and the row.
create function activity_hash(p_previous bytea, p_text text) returns bytea language sql stable parallel safe as $$
  select sha256(convert_to(encode(p_previous, 'hex') || E'\n' || p_text, 'UTF8'))
$$;

-- What the hash of the first row that is there goes on from: the tombstone's, or 32 zeros.
create function activity_chain_start(p_organisation_id text, out last_number bigint, out last_hash bytea) language plpgsql as $$
begin
  select t.last_number, t.log_hash into last_number, last_hash from activity_tombstones t
    where t.organisation_id = p_organisation_id;
  last_number := coalesce(last_number, 0);
  last_hash := coalesce(last_hash, decode(repeat('00', 32), 'hex'));
end $$;

-- Chains the next rows of an organisation, at most `p_limit`, and answers how many. Writers of one organisation commit in the
-- order of their numbers, so that a number that is not there will never be: the chain does not go on past it.
create function chain_activities(p_organisation_id text, p_limit integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_number bigint;
  v_hash bytea;
  v_first bigint;
  v_hashes bytea[] := '{}';
  v_row record;
begin
  insert into activity_chains (organisation_id, last_number, last_hash)
    select o.id, s.last_number, s.last_hash from organisations o, activity_chain_start(o.id) s where o.id = p_organisation_id
    on conflict do nothing;
  select last_number, last_hash into v_first, v_hash from activity_chains
    where organisation_id = p_organisation_id for update;
  v_number := v_first;
  for v_row in
    select a.number, activity_text(a) as whole from activities a
    where a.organisation_id = p_organisation_id and a.number > v_first order by a.number limit p_limit
  loop
    exit when v_row.number <> v_number + 1;
    v_number := v_row.number;
    v_hash := activity_hash(v_hash, v_row.whole);
    v_hashes := array_append(v_hashes, v_hash);
  end loop;
  if v_hashes <> '{}' then
    insert into activity_hashes (organisation_id, number, hash)
      select p_organisation_id, v_first + ordinal, hash from unnest(v_hashes) with ordinality made(hash, ordinal);
    update activity_chains set last_number = v_number, last_hash = v_hash where organisation_id = p_organisation_id;
  end if;
  return cardinality(v_hashes);
end $$;

-- The same for whoever acts within an organisation and needs its newest rows chained now.
create function chain_own_activities(p_limit integer) returns integer
language sql volatile security definer set search_path = public, pg_temp as $$
  select chain_activities(current_setting('app.organisation_id', true), p_limit)
$$;
revoke execute on function chain_activities, chain_own_activities from public;
grant execute on function chain_own_activities to :app_role;

-- As before, but that the tombstone keeps the hash of the last row that goes, from which the next row's goes on.
create or replace function delete_expired_activities(p_organisation_id text, p_before timestamptz, p_limit integer) returns integer
language plpgsql as $$
declare
  v_first bigint;
  v_last bigint;
begin
  if not pg_try_advisory_xact_lock(hashtext('expired activities'), hashtext(p_organisation_id)) then
    return 0;
  end if;
  select last_number into v_first from activity_chain_start(p_organisation_id);
  while chain_activities(p_organisation_id, 1000) = 1000
    and (select last_number < v_first + p_limit from activity_chains where organisation_id = p_organisation_id) loop
  end loop;
  select last_number into v_last from activity_chains where organisation_id = p_organisation_id;
  select coalesce(min(number) filter (where occurred_at >= least(p_before, clock_timestamp() - interval '30 days')) - 1,
                  max(number), v_first) into v_last
    from (select number, occurred_at from activities
          where organisation_id = p_organisation_id and number > v_first and number <= v_last order by number limit p_limit) oldest;
  if v_last > v_first then
    insert into activity_tombstones (organisation_id, last_number, log_hash)
      select organisation_id, number, hash from activity_hashes where organisation_id = p_organisation_id and number = v_last
      on conflict (organisation_id) do update
        set last_number = excluded.last_number, log_hash = excluded.log_hash, deleted_at = clock_timestamp();
    delete from activities where organisation_id = p_organisation_id and number > v_first and number <= v_last;
    delete from activity_hashes where organisation_id = p_organisation_id and number > v_first and number <= v_last;
  end if;
  return v_last - v_first;
end $$;

create or replace function delete_organisation(p_organisation_id text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_chained bigint;
  v_hash bytea;
  v_text text;
begin
  if p_organisation_id is distinct from current_setting('app.organisation_id', true) then
    raise exception 'an organisation is deleted from within' using errcode = 'insufficient_privilege';
  end if;
  while chain_activities(p_organisation_id, 1000) = 1000 loop
  end loop;
  select last_number, last_hash into v_chained, v_hash from activity_chains where organisation_id = p_organisation_id;
  -- A log with a hole is chained up to there; what comes after is in the hash all the same.
  for v_text in
    select activity_text(a) from activities a where a.organisation_id = p_organisation_id and a.number > v_chained order by a.number
  loop
    v_hash := activity_hash(v_hash, v_text);
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
