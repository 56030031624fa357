-- Requests cost what they make the database do: searches are bounded and charged, an organisation's keys share a ceiling,
-- and a rotated SECRET_KEY finds keys of every kind.

-- The organisation of a batch of keys: that of the first one that is known, under the current secret or the previous one.
create function find_organisation_of_keys(p_hashes bytea[], p_previous_hashes bytea[]) returns text
language plpgsql volatile as $$
declare
  v_organisation_id text;
begin
  for k in 1..cardinality(p_hashes) loop
    v_organisation_id := (find_api_key(array_remove(array[p_hashes[k], p_previous_hashes[k]], null))).organisation_id;
    exit when v_organisation_id is not null;
  end loop;
  return v_organisation_id;
end $$;

create or replace function api_create_subscribers(
  p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_hashes bytea[], p_previous_hashes bytea[], p_asked integer[], p_spare integer[], p_returned integer[],
  p_keys integer[], p_own integer[], p_waitlist_ids text[], p_emails text[], p_canonical_emails text[], p_referral_codes text[],
  p_joined_ats timestamptz[], p_idempotency_keys text[], p_fingerprints bytea[], p_request_ids text[], p_ips text[], p_user_agents text[]
) returns table (ordinal integer, attempt api_attempt, outcome text, status smallint, body text)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_organisation_id text;
  v_attempts api_attempt[] := '{}';
  v_key_ids text[];
  v_key_names text[];
  v_taken integer[] := array_fill(0, array[cardinality(p_hashes)]);
  v_open text[];
  v_joining text[] := p_waitlist_ids;
  v_all_well boolean := true;
  v_with_keys boolean := array_remove(p_idempotency_keys, null) <> '{}';
  v_row record;
  v_key integer;
begin
  v_organisation_id := find_organisation_of_keys(p_hashes, p_previous_hashes);
  if v_organisation_id is not null then
    v_organisation_id := set_config('app.organisation_id', v_organisation_id, true);
    perform from organisation_counters c where c.organisation_id = v_organisation_id for update;
  end if;

  for k in 1..cardinality(p_hashes) loop
    attempt := authorize_api_key(array_remove(array[p_hashes[k], p_previous_hashes[k]], null), p_scope, p_api_plans, p_per_second,
                                 p_burst, p_asked[k], p_spare[k], p_returned[k]);
    if attempt.organisation_id is distinct from v_organisation_id and attempt.outcome <> 'unknown' then
      attempt.outcome := 'elsewhere';
      v_organisation_id := set_config('app.organisation_id', v_organisation_id, true);
    end if;
    v_all_well := v_all_well and attempt.outcome = 'ok';
    v_attempts[k] := attempt;
    v_key_ids[k] := attempt.key_id;
    v_key_names[k] := attempt.key_name;
    ordinal := -k;
    return next;
  end loop;
  attempt := null;

  v_open := array(select w.id from waitlists w
                  where w.organisation_id = v_organisation_id and w.id = any (p_waitlist_ids) and w.archived_at is null);

  -- Mostly all is well, and no member has to be looked at by itself.
  if not v_all_well or v_with_keys or not p_waitlist_ids <@ v_open then
    for i in 1..cardinality(p_keys) loop
      ordinal := i;
      v_key := p_keys[i];
      outcome := v_attempts[v_key].outcome;
      if outcome = 'rate' then
        -- Requests that came with a token have it, whatever the others still get.
        v_taken[v_key] := v_taken[v_key] + p_own[i];
        if p_own[i] = 0 or v_taken[v_key] <= v_attempts[v_key].granted then
          outcome := 'ok';
        end if;
      end if;
      status := null;
      body := null;
      if outcome = 'ok' then
        if p_waitlist_ids[i] <> all (v_open) then
          outcome := 'waitlist';
        elsif p_idempotency_keys[i] is not null then
          select a.fingerprint, a.status, a.body into v_row from idempotency_answers a
            where a.organisation_id = v_organisation_id and a.api_key_id = v_key_ids[v_key]
              and a.target = 'POST /waitlists/' || p_waitlist_ids[i] || '/subscribers' and a.idempotency_key = p_idempotency_keys[i]
              and a.created_at > clock_timestamp() - interval '24 hours';
          if found then
            outcome := case when v_row.fingerprint = p_fingerprints[i] then 'replayed' else 'mismatch' end;
            status := v_row.status;
            body := v_row.body;
          end if;
        end if;
      end if;
      if outcome <> 'ok' then
        v_joining[i] := null;
        return next;
      end if;
    end loop;
    if array_remove(v_joining, null) = '{}' then
      return;
    end if;
  end if;

  v_key_ids := array(select v_key_ids[k] from unnest(p_keys) with ordinality m(k, n) order by n);
  v_key_names := array(select v_key_names[k] from unnest(p_keys) with ordinality m(k, n) order by n);
  for v_row in
    select j.* from join_waitlists(v_organisation_id, v_joining, p_emails, p_canonical_emails, p_referral_codes, p_joined_ats,
                                   'api_key', v_key_ids, v_key_names, p_request_ids, p_ips, p_user_agents, true) j
  loop
    ordinal := v_row.ordinal;
    outcome := v_row.outcome;
    status := case outcome when 'added' then 201 else 200 end;
    body := v_row.item;
    if p_idempotency_keys[ordinal] is not null then
      insert into idempotency_answers (organisation_id, api_key_id, target, idempotency_key, fingerprint, status, body, subscriber_id)
        values (v_organisation_id, v_key_ids[ordinal], 'POST /waitlists/' || p_waitlist_ids[ordinal] || '/subscribers',
                p_idempotency_keys[ordinal], p_fingerprints[ordinal], status, body, v_row.subscriber_id)
        on conflict (organisation_id, api_key_id, target, idempotency_key) do update
          set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
              subscriber_id = excluded.subscriber_id, created_at = excluded.created_at;
    end if;
    return next;
  end loop;
end $$;

create or replace function api_create_referred(
  p_removal_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_hashes bytea[], p_previous_hashes bytea[], p_asked integer[], p_spare integer[], p_returned integer[],
  p_keys integer[], p_own integer[], p_waitlist_ids text[], p_emails text[], p_canonical_emails text[], p_referral_codes text[],
  p_joined_ats timestamptz[], p_idempotency_keys text[], p_fingerprints bytea[], p_request_ids text[], p_ips text[], p_user_agents text[]
) returns table (ordinal integer, attempt api_attempt, outcome text, status smallint, body text, sealed_key bytea)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_organisation_id text;
  v_sealed_key bytea;
  v_attempt api_attempt;
  v_codes text[] := p_referral_codes;
begin
  v_organisation_id := find_organisation_of_keys(p_hashes, p_previous_hashes);
  if v_organisation_id is not null then
    perform set_config('app.organisation_id', v_organisation_id, true);
    -- First, so that a removal that has returned is seen.
    perform from organisation_counters c where c.organisation_id = v_organisation_id for update;
    select k.sealed_key into v_sealed_key from removal_keys k where k.organisation_id = v_organisation_id;
    if found and p_removal_hashes is null then
      v_attempt.organisation_id := v_organisation_id;
      return query select 0, v_attempt, null::text, null::smallint, null::text, v_sealed_key;
      return;
    end if;
    if found then
      v_codes := array(
        select case when r.credited is distinct from true then m.code end
        from unnest(p_referral_codes, p_waitlist_ids, p_removal_hashes) with ordinality m(code, waitlist_id, hash, n)
          left join removed_subscribers r on r.organisation_id = v_organisation_id and r.waitlist_id = m.waitlist_id
                                             and r.email_hash = m.hash
        order by m.n);
    end if;
  end if;
  return query select c.*, null::bytea from api_create_subscribers(
    p_scope, p_api_plans, p_per_second, p_burst, p_hashes, p_previous_hashes, p_asked, p_spare, p_returned, p_keys, p_own, p_waitlist_ids,
    p_emails, p_canonical_emails, v_codes, p_joined_ats, p_idempotency_keys, p_fingerprints, p_request_ids, p_ips, p_user_agents) c;
end $$;

create or replace function protect_api_key() returns trigger language plpgsql as $$
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
  -- Only a revoke and the renewal of the stored hash may touch a key, and only the latter one that was revoked: under a rotated
  -- SECRET_KEY it must still be told from keys that never were.
  if old.revoked_at is not null and (new.revoked_at, new.revoked_by_id, new.revoked_by_name) is distinct from
                                    (old.revoked_at, old.revoked_by_id, old.revoked_by_name) then
    raise exception 'a revoked API key never changes' using errcode = 'restrict_violation';
  end if;
  if (new.id, new.organisation_id, new.name, new.name_key, new.scopes, new.prefix, new.created_at,
      new.created_by_id, new.created_by_name) is distinct from
     (old.id, old.organisation_id, old.name, old.name_key, old.scopes, old.prefix, old.created_at,
      old.created_by_id, old.created_by_name)
     or (new.secret_hash is distinct from old.secret_hash and new.secret_version = old.secret_version) then
    raise exception 'an API key''s name and permissions are immutable' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;

-- Stores a key's hash under the current SECRET_KEY, while the previous one is still known: for callers that know that one only.
create or replace function renew_key_hash(
  p_organisation_id text, p_key_id text, p_previous_hash bytea, p_secret_hash bytea, p_secret_version text
) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update api_keys set secret_hash = p_secret_hash, secret_version = p_secret_version
    where organisation_id = p_organisation_id and id = p_key_id and secret_hash = p_previous_hash
      and secret_version <> p_secret_version
$$;

-- Rate limits --------------------------------------------------------------------------------------------------------

create or replace function take_tokens(
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
  granted := least(p_own, greatest(0, floor(remaining + 1e-9)));
  -- Below nothing after a request that cost more than was left.
  remaining := greatest(least(0, remaining), remaining - granted);
  spare := 0;
  if p_burst - remaining >= p_per_second * 0.1 then
    spare := least(p_spare, floor(p_burst / 10), greatest(0, floor(remaining + 1e-9)));
  end if;
  retry_after := case when granted < p_own then (1 - remaining) / p_per_second else 0 end;
  update rate_limits set tokens = remaining - spare, refilled_at = v_now where subject = p_subject;
end $$;

-- Takes tokens that were spent already, into debt where there are too few; fewer than none are given back. In one order, so
-- that two such calls never wait for each other.
create function charge_tokens(p_subjects text[], p_tokens double precision[], p_per_second double precision, p_burst double precision)
returns table (subject text, remaining double precision) language sql volatile as $$
  insert into rate_limits as l (subject, tokens, refilled_at)
    select c.subject, least(p_burst, p_burst - c.tokens), clock_timestamp()
    from unnest(p_subjects, p_tokens) c(subject, tokens) order by c.subject
  on conflict (subject) do update
    set tokens = least(p_burst, least(p_burst, l.tokens + p_per_second * greatest(0, extract(epoch from clock_timestamp() - l.refilled_at)))
                                - (select c.tokens from unnest(p_subjects, p_tokens) c(subject, tokens) where c.subject = l.subject)),
        refilled_at = clock_timestamp()
  returning l.subject, l.tokens
$$;

-- Searches -----------------------------------------------------------------------------------------------------------

-- Whether the index of the search can find a text: three letters or digits in a row.
create function is_searchable(p_needle text) returns boolean language sql immutable parallel safe as $$
  select p_needle ~ '^.*[[:alnum:]]{3}.*$'
$$;

-- How many rows of subscribers this session has read, those included that did not fit after all. Told apart by two looks: it
-- begins again now and then, but never within a statement.
create function subscriber_rows_read() returns bigint language sql volatile as $$
  select pg_stat_get_xact_tuples_fetched('subscribers'::regclass) + pg_stat_get_xact_tuples_returned('subscribers'::regclass)
$$;

create or replace function search_subscribers(
  p_counters waitlist_counters, p_needle text, p_offset bigint, p_limit integer, out total bigint, out join_numbers bigint[]
) language plpgsql volatile security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_pattern text := '%' || replace(replace(replace(p_needle, '\', '\\'), '%', '\%'), '_', '\_') || '%';
  v_organisation_id text := current_setting('app.organisation_id', true);
  v_rare integer[];
  v_last integer;
  v_middle integer;
  v_mask text;
begin
  if not is_searchable(p_needle) then
    -- By the numbers of the waitlist alone: the index would be read whole, with the people of all organisations. `strpos` keeps
    -- it out of the plan.
    with hits as materialized (
      select s.join_number from subscribers s
      where s.waitlist_id = p_counters.waitlist_id and s.organisation_id = v_organisation_id and strpos(lower(s.email), p_needle) > 0
    )
    select (select count(*) from hits),
           array(select h.join_number from hits h order by h.join_number offset p_offset limit p_limit)
      into total, join_numbers;
    return;
  end if;
  -- Of each trigram the index has the list of all who have it, and of each waitlist too. A look into a long list takes
  -- longer than meeting a few people more: where the needle has rare trigrams, and the waitlist is much of the table, the
  -- index is asked for three of those alone, and what it finds is held against the rest.
  if p_counters.listed * 4 >= (select c.reltuples from pg_class c where c.oid = 'subscribers'::regclass) then
    v_rare := array(
      select i from generate_series(1, length(p_needle) - 2) i
      where substr(p_needle, i, 3) ~ '^[[:alnum:]]{3}$'
        and not exists (select from common_trigrams c where c.trigram = substr(p_needle, i, 3))
      order by i);
  end if;
  v_last := cardinality(v_rare);
  if v_last > 0 then
    -- In one pattern, since each would have the address made lower case once more. Two trigrams that touch ask for those
    -- across both as well, which must be rare too.
    v_middle := (v_last + 1) / 2;
    v_mask := overlay(repeat('_', length(p_needle)) placing substr(p_needle, v_rare[1], 3) from v_rare[1]);
    if v_rare[v_last] - v_rare[1] > 3 or v_rare[v_last] - v_rare[1] = v_last - 1 then
      v_mask := overlay(v_mask placing substr(p_needle, v_rare[v_last], 3) from v_rare[v_last]);
    end if;
    if (v_rare[v_middle] - v_rare[1] > 3 or v_rare[v_middle] - v_rare[1] = v_middle - 1)
      and (v_rare[v_last] - v_rare[v_middle] > 3 or v_rare[v_last] - v_rare[v_middle] = v_last - v_middle) then
      v_mask := overlay(v_mask placing substr(p_needle, v_rare[v_middle], 3) from v_rare[v_middle]);
    end if;
    with hits as materialized (
      select s.join_number from subscribers s
      where lower(s.email) like '%' || v_mask || '%' and strpos(lower(s.email), p_needle) > 0
        -- Not by equality, or their own indexes, which have far more people, would be asked as well.
        and s.organisation_id is not distinct from v_organisation_id
        and s.waitlist_id is not distinct from p_counters.waitlist_id
    )
    select (select count(*) from hits),
           array(select h.join_number from hits h order by h.join_number offset p_offset limit p_limit)
      into total, join_numbers;
    return;
  end if;
  with hits as materialized (
    select s.join_number from subscribers s
    where s.waitlist_id = p_counters.waitlist_id and s.organisation_id = v_organisation_id and lower(s.email) like v_pattern
  )
  select (select count(*) from hits),
         array(select h.join_number from hits h order by h.join_number offset p_offset limit p_limit)
    into total, join_numbers;
end $$;

create or replace function find_subscribers(
  p_waitlist_id text, p_needle text, p_sort text, p_backward boolean, p_offset bigint, p_limit integer,
  out total bigint, out join_numbers bigint[]
) language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_dir text := case when p_backward then 'desc' else 'asc' end;
  v_is_searchable boolean := is_searchable(p_needle);
  v_condition text := case when v_is_searchable then 'lower(s.email) like $3' else 'strpos(lower(s.email), $3) > 0' end;
begin
  execute format(
    'with hits as materialized (
       select s.join_number, subscriber_sort_key($4, s.state, s.join_number, s.line_key, s.referral_count) as sort_key
       from subscribers s where s.organisation_id = $1 and s.waitlist_id = $2 and %s
     )
     select (select count(*) from hits),
            array(select h.join_number from hits h order by h.sort_key %s, h.join_number %s offset $5 limit $6)', v_condition, v_dir, v_dir)
    into total, join_numbers
    using current_setting('app.organisation_id', true), p_waitlist_id, case when v_is_searchable then like_pattern(p_needle) else p_needle end, p_sort, p_offset, p_limit;
end $$;

-- Without its search, which has a function of its own.
drop function api_list_subscribers(bytea[], text, text[], double precision, double precision, integer, integer, integer, text, bigint, integer, text);
create function api_list_subscribers(
  p_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_own integer, p_spare integer, p_returned integer, p_waitlist_id text, p_offset bigint, p_limit integer,
  out attempt api_attempt, out waitlist_found boolean, out items text, out total bigint
) language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
declare
  v_referrals boolean;
begin
  attempt := authorize_api_key(p_hashes, p_scope, p_api_plans, p_per_second, p_burst, p_own, p_spare, p_returned);
  waitlist_found := false;
  if attempt.outcome <> 'ok' then
    return;
  end if;
  select w.referrals_enabled into v_referrals from waitlists w
    where w.organisation_id = attempt.organisation_id and w.id = p_waitlist_id and w.archived_at is null;
  if v_referrals is null then
    return;
  end if;
  waitlist_found := true;
  select l.items, l.total into items, total
    from list_subscribers_json(attempt.organisation_id, p_waitlist_id, v_referrals, p_offset, p_limit, '') l;
end $$;

create or replace function api_list_pages(
  p_hashes bytea[], p_previous_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision,
  p_burst double precision, p_waitlist_ids text[], p_offsets bigint[], p_limits integer[]
) returns table (attempt api_attempt, waitlist_found boolean, items text, total bigint) language plpgsql volatile as $$
declare
  v_page record;
begin
  for i in 1..cardinality(p_hashes) loop
    v_page := api_list_subscribers(
      array_remove(array[p_hashes[i], p_previous_hashes[i]], null), p_scope, p_api_plans, p_per_second, p_burst, 0, 0, 0,
      p_waitlist_ids[i], p_offsets[i], p_limits[i]);
    attempt := v_page.attempt;
    waitlist_found := v_page.waitlist_found;
    items := v_page.items;
    total := v_page.total;
    return next;
  end loop;
end $$;

-- A page of what is found. The key has its token already, and is read once more, since a search may have waited for its turn;
-- while its bucket is in debt it is refused. `too_short`: the text cannot be found by the index, and more people than
-- `p_most_read` would have to be looked at one by one. `rows_read` is what the search is charged for.
create function api_search_subscribers(
  p_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_waitlist_id text, p_offset bigint, p_limit integer, p_needle text, p_most_read bigint,
  out attempt api_attempt, out waitlist_found boolean, out too_short boolean, out items text, out total bigint, out rows_read bigint
) language plpgsql volatile as $$
declare
  v_referrals boolean;
  v_tokens double precision;
  v_before bigint := subscriber_rows_read();
begin
  attempt := authorize_api_key(p_hashes, p_scope, p_api_plans, p_per_second, p_burst, 0, 0, 0);
  waitlist_found := false;
  too_short := false;
  rows_read := 0;
  if attempt.outcome <> 'ok' then
    return;
  end if;
  select least(p_burst, l.tokens + p_per_second * greatest(0, extract(epoch from clock_timestamp() - l.refilled_at))) into v_tokens
    from rate_limits l where l.subject = 'key:' || attempt.key_id;
  if v_tokens < 0 then
    attempt.outcome := 'rate';
    attempt.remaining := v_tokens;
    attempt.retry_after := (1 - v_tokens) / p_per_second;
    return;
  end if;
  select w.referrals_enabled into v_referrals from waitlists w
    where w.organisation_id = attempt.organisation_id and w.id = p_waitlist_id and w.archived_at is null;
  if v_referrals is null then
    return;
  end if;
  waitlist_found := true;
  too_short := not is_searchable(p_needle) and exists (
    select from waitlist_counters c
    where c.organisation_id = attempt.organisation_id and c.waitlist_id = p_waitlist_id and c.listed > p_most_read);
  if too_short then
    return;
  end if;
  select l.items, l.total into items, total
    from list_subscribers_json(attempt.organisation_id, p_waitlist_id, v_referrals, p_offset, p_limit, p_needle) l;
  rows_read := greatest(subscriber_rows_read() - v_before, total);
end $$;

revoke execute on function find_organisation_of_keys, charge_tokens, is_searchable, subscriber_rows_read, api_list_subscribers,
  api_search_subscribers from public;
grant execute on function find_organisation_of_keys, charge_tokens, is_searchable, subscriber_rows_read, api_list_subscribers,
  api_search_subscribers to :app_role;
