-- The customer API in one round trip a request: who is it, may they, and the answer as JSON text.
-- Every function here is VOLATILE, so that each of its statements sees what was committed before that statement. The large
-- ones keep their plans: planning them afresh for each call takes longer than running them.

-- Finds a key by the hashes of its secret, before the organisation is known: past the row-level wall on purpose. Keys of an
-- organisation that is being deleted are unknown, and known again if it is brought back.
create function find_api_key(
  p_hashes bytea[], out id text, out organisation_id text, out name text, out prefix text, out scopes text[],
  out secret_version text, out created_at timestamptz, out revoked_at timestamptz, out organisation_name text, out plan text
) language plpgsql volatile security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  select k.id, k.organisation_id, k.name, k.prefix, k.scopes, k.secret_version, k.created_at, k.revoked_at, o.name, o.plan
    into id, organisation_id, name, prefix, scopes, secret_version, created_at, revoked_at, organisation_name, plan
    from api_keys k join organisations o on o.id = k.organisation_id
    -- Not any (p_hashes): a plan for who knows how many reads a table of a thousand keys from its beginning.
    where k.secret_hash in (p_hashes[1], p_hashes[2]) and o.deleted_at is null
    limit 1;
end $$;

-- What became of a key's attempt. `outcome`: ok, unknown, revoked, asleep, scope, rate.
create type api_attempt as (
  outcome text, key_id text, key_name text, key_prefix text, scopes text[], secret_version text, key_created_at timestamptz,
  organisation_id text, organisation_name text, plan text,
  granted integer, spare integer, remaining double precision, retry_after double precision
);

-- The order of checks: key, plan, scope, rate. `p_scope` null asks for no scope. `p_own` 0: the caller has a token already.
create function authorize_api_key(
  p_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_own integer, p_spare integer, p_returned integer
) returns api_attempt language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
declare
  v_key record;
  v_tokens record;
  v api_attempt;
begin
  v_key := find_api_key(p_hashes);
  if v_key.id is null then
    v.outcome := 'unknown';
    return v;
  end if;
  v.key_id := v_key.id;
  v.key_name := v_key.name;
  v.key_prefix := v_key.prefix;
  v.scopes := v_key.scopes;
  v.secret_version := v_key.secret_version;
  v.key_created_at := v_key.created_at;
  v.organisation_id := v_key.organisation_id;
  v.organisation_name := v_key.organisation_name;
  v.plan := v_key.plan;
  if v_key.revoked_at is not null then
    v.outcome := 'revoked';
    -- No more is done for it than for a key that never was: how long that took would tell.
    return v;
  elsif v_key.plan <> all (p_api_plans) then
    v.outcome := 'asleep';
  elsif p_scope is not null and p_scope <> all (v_key.scopes) then
    v.outcome := 'scope';
  else
    v.outcome := 'ok';
    perform set_config('app.organisation_id', v.organisation_id, true);
    if p_own = 0 then
      -- The caller knows its own tokens: no look at the shared ones.
      v.remaining := 0;
    else
      select * into v_tokens from take_tokens('key:' || v.key_id, p_per_second, p_burst, p_own, p_spare, p_returned);
      v.granted := v_tokens.granted;
      v.spare := v_tokens.spare;
      v.remaining := v_tokens.remaining;
      v.retry_after := v_tokens.retry_after;
      if v.granted < p_own then
        v.outcome := 'rate';
      end if;
    end if;
  end if;
  if v.remaining is null then
    v.remaining := coalesce((
      select least(p_burst, l.tokens + p_per_second * greatest(0, extract(epoch from clock_timestamp() - l.refilled_at)))
      from rate_limits l where l.subject = 'key:' || v.key_id), p_burst);
  end if;
  return v;
end $$;

-- Several keys in one call, for requests that came while another call ran. In the order of their hashes, since each may
-- lock its bucket, and two such calls at once must not wait for each other.
create function authorize_api_keys(
  p_hashes bytea[], p_previous_hashes bytea[], p_scopes text[], p_api_plans text[], p_per_second double precision,
  p_burst double precision, p_own integer[], p_spare integer[], p_returned integer[]
) returns table (ordinal integer, attempt api_attempt) language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
begin
  for ordinal in select m.ordinal::integer from unnest(p_hashes) with ordinality m(hash, ordinal) order by m.hash loop
    attempt := authorize_api_key(
      array_remove(array[p_hashes[ordinal], p_previous_hashes[ordinal]], null), p_scopes[ordinal], p_api_plans, p_per_second,
      p_burst, p_own[ordinal], p_spare[ordinal], p_returned[ordinal]);
    return next;
  end loop;
end $$;

-- A subscriber as JSON text, written out: as a row made by row_to_json it takes twice as long. Goes into the statement
-- that names it, as long as it stays one expression, STABLE at most.
create function subscriber_json(
  p_id bigint, p_email text, p_joined_at timestamptz, p_position bigint, p_referral_code text, p_referral_count integer
) returns text language sql stable as $$
  select format('{"id":"%s","email":%s,"joined_at":"%s","position":%s,"referral_code":"%s","referral_count":%s}',
                p_id, to_json(p_email), to_char(p_joined_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                coalesce(p_position::text, 'null'), p_referral_code, p_referral_count)
$$;

-- Three letters or digits that stand together in more than one e-mail address of fifty, and how large the table of subscribers
-- was when they were counted.
create table common_trigrams (
  trigram text collate "C" primary key,
  pages integer not null
);

-- Counts them in a sample of some thousand addresses, where the table has doubled since.
create function learn_common_trigrams() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_pages integer := pg_relation_size('subscribers') / current_setting('block_size')::integer;
begin
  if v_pages < 2 * coalesce((select max(pages) from common_trigrams), 0) then
    return;
  end if;
  delete from common_trigrams;
  with sample as materialized (
    -- A hundred pages have some thousand people.
    select lower(s.email) as email from subscribers s tablesample system (least(100, 10000.0 / greatest(v_pages, 1)))
  )
  insert into common_trigrams
    select t.trigram, v_pages from sample, lateral (
      select distinct substr(sample.email, i, 3) as trigram from generate_series(1, length(sample.email) - 2) i
    ) t
    where t.trigram ~ '^[[:alnum:]]{3}$'
    group by t.trigram having count(*) * 50 > (select count(*) from sample);
end $$;

-- People whose e-mail address contains `p_needle` (lower case), without its wall: LIKE may not run before a row-level
-- check, which would keep the trigram index out of use. The organisation is named, and is the caller's own setting.
create function search_subscribers(
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

-- One page of a waitlist, in order of joining, as the text of a JSON array.
create function list_subscribers_json(
  p_organisation_id text, p_waitlist_id text, p_referrals boolean, p_offset bigint, p_limit integer, p_needle text,
  out items text, out total bigint
) language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
declare
  v_counters waitlist_counters;
  v_from bigint;
  v_through bigint;
  v_low bigint;
  v_before bigint;
  v_line bigint[];
  v_numbers bigint[];
begin
  select * into strict v_counters from waitlist_counters w
    where w.organisation_id = p_organisation_id and w.waitlist_id = p_waitlist_id;
  if p_needle <> '' then
    select s.total, s.join_numbers into total, v_numbers from search_subscribers(v_counters, p_needle, p_offset, p_limit) s;
    select string_agg(subscriber_json(s.id, s.email, s.joined_at,
             case when s.state <> 'active' then null
                  when v_counters.unmoved = v_counters.last_join_number then s.join_number
                  else place_in_line(p_organisation_id, p_waitlist_id, s.join_number, s.priority_score) end,
             case when p_referrals then s.referral_code else '' end, s.referral_count), ',' order by s.join_number) into items
      from subscribers s
      where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.join_number = any (v_numbers);
    items := '[' || coalesce(items, '') || ']';
    return;
  end if;
  total := v_counters.listed;
  v_from := join_number_at(p_organisation_id, p_waitlist_id, p_offset);
  if v_from is not null and v_counters.unmoved = v_counters.last_join_number then
    -- Nobody has left, waits for confirmation or was moved: the join number is the place.
    select string_agg(p.item, ',') into items from (
      select subscriber_json(s.id, s.email, s.joined_at, s.join_number,
                             case when p_referrals then s.referral_code else '' end, s.referral_count) as item
      from subscribers s
      where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.join_number >= v_from
      order by s.join_number limit p_limit
    ) p;
  elsif v_from is not null then
    -- Whoever stands between the first and the last key of the page is ranked in one pass, from the place of the first.
    -- Only who was moved far away from their page is looked up one by one.
    select (coalesce(min(p.line_key) filter (where p.line_key >= v_from - 256), v_from) >> 6) << 6, max(p.join_number)
      into v_low, v_through
      from (
        select s.line_key, s.join_number from subscribers s
        where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.join_number >= v_from
        order by s.join_number limit p_limit
      ) p;
    -- Line key and join number in one, in the order of the line: there is no join number of more than 30 bits.
    v_line := array(
      select (s.line_key << 30) + s.join_number from subscribers s
        where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id
          and s.join_number >= v_low and s.join_number <= v_through and s.state = 'active' and s.priority_score = 0
      union all
      select (s.line_key << 30) + s.join_number from subscribers s
        where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id
          and s.line_key >= v_low and s.line_key <= v_through and s.state = 'active' and s.priority_score > 0
      order by 1);
    v_before := people_before_range(p_organisation_id, p_waitlist_id, v_low >> 6);
    select string_agg(p.item, ',') into items from (
      select subscriber_json(s.id, s.email, s.joined_at,
               case when s.state <> 'active' then null
                    when s.line_key >= v_low then v_before + width_bucket((s.line_key << 30) + s.join_number, v_line)
                    else place_in_line(p_organisation_id, p_waitlist_id, s.join_number, s.priority_score) end,
               case when p_referrals then s.referral_code else '' end, s.referral_count) as item
      from subscribers s
      where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.join_number >= v_from
      order by s.join_number limit p_limit
    ) p;
  end if;
  items := '[' || coalesce(items, '') || ']';
end $$;

create function api_list_subscribers(
  p_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_own integer, p_spare integer, p_returned integer, p_waitlist_id text, p_offset bigint, p_limit integer, p_needle text,
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
    from list_subscribers_json(attempt.organisation_id, p_waitlist_id, v_referrals, p_offset, p_limit, p_needle) l;
end $$;

-- Several pages in one call, for requests that came while another call ran. Each is authorised by itself and in its turn;
-- all have their token already, so that nothing is locked.
create function api_list_pages(
  p_hashes bytea[], p_previous_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision,
  p_burst double precision, p_waitlist_ids text[], p_offsets bigint[], p_limits integer[]
) returns table (attempt api_attempt, waitlist_found boolean, items text, total bigint) language plpgsql volatile as $$
declare
  v_page record;
begin
  for i in 1..cardinality(p_hashes) loop
    v_page := api_list_subscribers(
      array_remove(array[p_hashes[i], p_previous_hashes[i]], null), p_scope, p_api_plans, p_per_second, p_burst, 0, 0, 0,
      p_waitlist_ids[i], p_offsets[i], p_limits[i], '');
    attempt := v_page.attempt;
    waitlist_found := v_page.waitlist_found;
    items := v_page.items;
    total := v_page.total;
    return next;
  end loop;
end $$;

-- When keys were last used, for several organisations at once, and so past the row-level wall; only ever forward.
create function record_key_uses(p_key_ids text[], p_organisation_ids text[], p_ats timestamptz[], p_ips text[]) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  insert into api_key_usage as usage (api_key_id, organisation_id, last_used_at, last_used_ip)
    select k.id, k.organisation_id, u.at, u.ip
    from unnest(p_key_ids, p_organisation_ids, p_ats, p_ips) u(key_id, organisation_id, at, ip)
      join api_keys k on k.id = u.key_id and k.organisation_id = u.organisation_id
    order by k.id
  on conflict (api_key_id) do update set last_used_at = excluded.last_used_at, last_used_ip = excluded.last_used_ip
    where usage.last_used_at is null or usage.last_used_at < excluded.last_used_at
$$;
revoke execute on function record_key_uses from public;
grant execute on function record_key_uses to :app_role;

-- A revoked key was tried `p_count` times. One activity a key and hour at most; the counting goes on. Locks the usage row
-- before the organisation's counter: nobody does so the other way round.
create function record_key_reuse(
  p_organisation_id text, p_key_id text, p_count integer, p_at timestamptz, p_ip text, p_request_id text, p_user_agent text
) returns void language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_key api_keys;
  v_usage api_key_usage;
begin
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

-- Stores a live key's hash under the current SECRET_KEY, while the previous one is still known: for who knows that one only.
create function renew_key_hash(
  p_organisation_id text, p_key_id text, p_previous_hash bytea, p_secret_hash bytea, p_secret_version text
) returns void
language sql volatile security definer set search_path = public, pg_temp as $$
  update api_keys set secret_hash = p_secret_hash, secret_version = p_secret_version
    where organisation_id = p_organisation_id and id = p_key_id and secret_hash = p_previous_hash and revoked_at is null
      and secret_version <> p_secret_version
$$;
revoke execute on function record_key_reuse, renew_key_hash from public;
grant execute on function record_key_reuse, renew_key_hash to :app_role;
-- No other way to another secret.
revoke update (secret_hash, secret_version) on api_keys from :app_role;
