create extension if not exists pg_trgm;
create extension if not exists btree_gin;

-- Tenants and people -------------------------------------------------------------------------------------------------

create table organisations (
  id text collate "C" primary key,
  slug text collate "C" not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])$'),
  name text not null check (char_length(name) between 1 and 100),
  plan text not null,
  created_at timestamptz not null default clock_timestamp(),
  -- Asked to be deleted: shut, and gone for good some days later.
  deleted_at timestamptz,
  deleted_by_name text
);

-- The row that every writer of an organisation locks first. Apart from the organisation's own row, since foreign keys
-- take share locks there, and an upgrade of a share lock deadlocks.
create table organisation_counters (
  organisation_id text collate "C" primary key references organisations on delete cascade,
  last_activity_number bigint not null default 0,
  last_activity_at timestamptz not null default '-infinity',
  last_subscriber_id bigint not null default 0
) with (fillfactor = 50);

create table users (
  id text collate "C" primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null default false,
  image text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  last_organisation_id text collate "C" references organisations on delete set null
);

create table members (
  organisation_id text collate "C" not null references organisations on delete cascade,
  user_id text collate "C" not null references users on delete cascade,
  role text not null check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null default clock_timestamp(),
  primary key (organisation_id, user_id)
);
create index members_by_user on members (user_id, organisation_id);

create table invitations (
  id text collate "C" primary key,
  organisation_id text collate "C" not null references organisations on delete cascade,
  email text not null,
  role text not null check (role in ('owner', 'admin', 'member')),
  token_hash bytea not null unique,
  invited_by_id text collate "C" references users on delete set null,
  invited_by_name text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  withdrawn_at timestamptz
);
create index invitations_by_organisation on invitations (organisation_id, created_at);

-- Waitlists and their subscribers ------------------------------------------------------------------------------------

create table waitlists (
  id text collate "C" not null unique,
  organisation_id text collate "C" not null references organisations on delete cascade,
  name text not null check (char_length(name) between 1 and 100),
  description text not null default '' check (char_length(description) <= 1000),
  referrals_enabled boolean not null default true,
  skip_amount integer not null default 5 check (skip_amount between 1 and 100),
  -- Keys the permutation that turns join numbers into referral codes.
  referral_key bytea not null default uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
  created_at timestamptz not null default clock_timestamp(),
  archived_at timestamptz,
  primary key (organisation_id, id)
);

create table subscribers (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  -- 1, 2, 3 … within the waitlist, in order of arrival, never reused.
  join_number bigint not null check (join_number > 0),
  -- Unique within the organisation, never reused; what the API calls `id`.
  id bigint not null,
  email text not null,
  canonical_email text collate "C" not null,
  state text not null check (state in ('pending', 'active')),
  joined_at timestamptz not null,
  added_at timestamptz not null default clock_timestamp(),
  priority_score integer not null default 0 check (priority_score >= 0),
  referral_count integer not null default 0,
  referral_code text collate "C" not null,
  -- Join number of the person who referred this one.
  referred_by bigint,
  line_key bigint generated always as (join_number - priority_score) stored,
  -- That there is such a waitlist is looked at once a statement, not once a row: see what counts people.
  primary key (organisation_id, waitlist_id, join_number),
  unique (organisation_id, id),
  unique (organisation_id, waitlist_id, canonical_email)
) with (fillfactor = 90);
create index subscribers_moved on subscribers (organisation_id, waitlist_id, line_key, join_number)
  where state = 'active' and priority_score > 0;
-- The text first: the list of everybody of a waitlist is then looked into only for those whose address fits. Who joined
-- lately waits in a list that each search reads whole. `file_search_entries` empties it behind those who join; where nobody
-- calls that, they do it themselves at this limit in kB.
create index subscribers_search on subscribers using gin (lower(email) gin_trgm_ops, waitlist_id)
  with (gin_pending_list_limit = 2048);

-- API keys -----------------------------------------------------------------------------------------------------------

create table api_keys (
  id text collate "C" primary key,
  organisation_id text collate "C" not null references organisations on delete cascade,
  name text not null check (char_length(name) between 1 and 50),
  -- The name as compared: NFC, then case-folded.
  name_key text not null,
  scopes text[] not null check (cardinality(scopes) > 0),
  -- What the page shows of the key: qu_live_ and four characters.
  prefix text not null,
  secret_hash bytea not null unique,
  -- Which SECRET_KEY made the hash.
  secret_version text not null,
  created_at timestamptz not null default clock_timestamp(),
  created_by_id text,
  created_by_name text not null,
  revoked_at timestamptz,
  revoked_by_id text,
  revoked_by_name text,
  check ((revoked_at is null) = (revoked_by_name is null))
);
create unique index api_keys_active_names on api_keys (organisation_id, name_key) where revoked_at is null;
create index api_keys_by_organisation on api_keys (organisation_id, created_at);

-- Apart from the key's row: a key in use must not make its own revoke wait.
create table api_key_usage (
  api_key_id text collate "C" primary key references api_keys on delete cascade,
  organisation_id text collate "C" not null,
  last_used_at timestamptz,
  last_used_ip text,
  reuse_count bigint not null default 0,
  reuse_first_at timestamptz,
  reuse_last_at timestamptz,
  reuse_last_ip text,
  reuse_logged_at timestamptz
) with (fillfactor = 70);
create index api_key_usage_by_organisation on api_key_usage (organisation_id);

create function protect_api_key() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    raise exception 'API keys are never deleted' using errcode = 'restrict_violation';
  end if;
  if tg_op = 'DELETE' then
    if exists (select from organisations where id = old.organisation_id) then
      raise exception 'API keys are never deleted' using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if old.revoked_at is not null then
    raise exception 'a revoked API key never changes' using errcode = 'restrict_violation';
  end if;
  -- Only a revoke and the renewal of the stored hash may touch a key.
  if (new.id, new.organisation_id, new.name, new.name_key, new.scopes, new.prefix, new.created_at,
      new.created_by_id, new.created_by_name) is distinct from
     (old.id, old.organisation_id, old.name, old.name_key, old.scopes, old.prefix, old.created_at,
      old.created_by_id, old.created_by_name)
     or (new.secret_hash is distinct from old.secret_hash and new.secret_version = old.secret_version) then
    raise exception 'an API key''s name and permissions are immutable' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

create trigger protect before update or delete on api_keys for each row execute function protect_api_key();
create trigger protect_all before truncate on api_keys for each statement execute function protect_api_key();
-- ALWAYS: also in a session that plays replica, where ordinary triggers rest.
alter table api_keys enable always trigger protect;
alter table api_keys enable always trigger protect_all;

-- Activity log -------------------------------------------------------------------------------------------------------

create table activities (
  -- That there is such an organisation is looked at once for all rows that are written together: its counter gives the numbers.
  organisation_id text collate "C" not null,
  -- 1, 2, 3 … within the organisation, without a gap.
  number bigint not null,
  id text collate "C" not null generated always as ('act_' || substr(organisation_id, 5) || number::text) stored,
  occurred_at timestamptz not null,
  action text collate "C" not null,
  actor_type text collate "C" not null check (actor_type in ('user', 'api_key', 'subscriber', 'system')),
  actor_id text collate "C",
  actor_name text not null,
  targets jsonb not null,
  changes jsonb,
  request_id text,
  ip text,
  user_agent text,
  primary key (organisation_id, number)
);
create index activities_by_action on activities (organisation_id, action, number) where action <> 'subscriber.joined';
create index activities_by_actor on activities (organisation_id, actor_type, actor_id, number);
-- Times rise with the numbers, so every 256th row is enough to find where a day begins.
create index activities_milestones on activities (organisation_id, occurred_at, number) where number % 256 = 0;

create function protect_activity() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not exists (select from organisations where id = old.organisation_id) then
    return old;
  end if;
  raise exception 'rows of the activity log never change' using errcode = 'restrict_violation';
end $$;

create trigger protect before update or delete on activities for each row execute function protect_activity();
create trigger protect_all before truncate on activities for each statement execute function protect_activity();
alter table activities enable always trigger protect;
alter table activities enable always trigger protect_all;

-- As a foreign key with a cascade would.
create function remove_activities() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  delete from activities where organisation_id = old.organisation_id;
  return null;
end $$;
create trigger remove_activities after delete on organisation_counters
  for each row execute function remove_activities();

-- The caller has locked the organisation's counter, or locks it here.
create function record_activity(
  p_organisation_id text, p_action text, p_actor_type text, p_actor_id text, p_actor_name text,
  p_targets jsonb, p_changes jsonb, p_request_id text, p_ip text, p_user_agent text
) returns bigint language plpgsql as $$
declare
  v_number bigint;
  v_at timestamptz;
begin
  update organisation_counters
    set last_activity_number = last_activity_number + 1, last_activity_at = greatest(last_activity_at, clock_timestamp())
    where organisation_id = p_organisation_id
    returning last_activity_number, last_activity_at into strict v_number, v_at;
  insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets, changes,
                          request_id, ip, user_agent)
    values (p_organisation_id, v_number, v_at, p_action, p_actor_type, p_actor_id, p_actor_name, p_targets, p_changes,
            p_request_id, p_ip, p_user_agent);
  return v_number;
end $$;

-- Rate limits --------------------------------------------------------------------------------------------------------

-- Token buckets shared by all processes. Losing them in a crash refills them, no more.
create unlogged table rate_limits (
  subject text collate "C" primary key,
  tokens double precision not null,
  refilled_at timestamptz not null
) with (fillfactor = 50);

-- Takes `p_own` tokens, or as many of them as there are, and up to `p_spare` more for the caller to spend within 100 ms.
-- Spare tokens are handed out only while the bucket lacks more than it regains in that time: it cannot overflow
-- meanwhile, so that the spared ones and a full bucket never add up to more than the burst. `p_returned` were spared to the
-- caller before and not spent.
create function take_tokens(
  p_subject text, p_per_second double precision, p_burst double precision, p_own integer, p_spare integer, p_returned integer,
  out granted integer, out spare integer, out remaining double precision, out retry_after double precision
) language plpgsql as $$
declare
  v_tokens double precision;
  v_refilled_at timestamptz;
  v_now timestamptz;
begin
  loop
    select tokens, refilled_at into v_tokens, v_refilled_at from rate_limits where subject = p_subject for update;
    exit when found;
    insert into rate_limits values (p_subject, p_burst, clock_timestamp()) on conflict do nothing;
  end loop;
  v_now := clock_timestamp();
  remaining := least(p_burst, v_tokens + p_returned + p_per_second * greatest(0, extract(epoch from v_now - v_refilled_at)));
  granted := least(p_own, floor(remaining + 1e-9));
  remaining := greatest(0, remaining - granted);
  spare := 0;
  if p_burst - remaining >= p_per_second * 0.1 then
    spare := least(p_spare, floor(p_burst / 10), floor(remaining + 1e-9));
  end if;
  retry_after := case when granted < p_own then (1 - remaining) / p_per_second else 0 end;
  update rate_limits set tokens = remaining - spare, refilled_at = v_now where subject = p_subject;
end $$;

-- Who may do what ----------------------------------------------------------------------------------------------------

-- The application's role sees the rows of one organisation at a time: the one named by `app.organisation_id`.
do $$
declare
  v_table text;
begin
  foreach v_table in array array['waitlists', 'subscribers', 'api_keys', 'api_key_usage', 'activities'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('create policy own_organisation on %I using (organisation_id = (select current_setting(''app.organisation_id'', true)))', v_table);
  end loop;
end $$;

grant select, insert, update, delete on organisations, organisation_counters, users, members, invitations, rate_limits to :app_role;
grant select, insert, update on waitlists, subscribers, api_key_usage to :app_role;
grant select, insert on api_keys, activities to :app_role;
grant update (secret_hash, secret_version, revoked_at, revoked_by_id, revoked_by_name) on api_keys to :app_role;

-- One row: which SECRET_KEY the hashes here were made with.
create table installation (
  only_row boolean primary key default true check (only_row),
  secret_version text not null
);
