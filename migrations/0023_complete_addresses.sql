-- A complete email address is always found, however short it is and however long the waitlist: by its canonical form, which has
-- a unique index, beside the search for a part of an address.

drop function api_search_subscribers(
  bytea[], text, text[], double precision, double precision, text, bigint, integer, text, bigint);
drop function list_subscribers_json(text, text, boolean, bigint, integer, text);
drop function search_subscribers(waitlist_counters, text, bigint, integer);
drop function find_subscribers(text, text, text, boolean, bigint, integer);

-- Subscribers whose address contains `p_needle` (lower case), and the one whose canonical address is `p_canonical_email`; that
-- one alone where the needle is null.
create function search_subscribers(
  p_counters waitlist_counters, p_needle text, p_canonical_email text, p_offset bigint, p_limit integer,
  out total bigint, out join_numbers bigint[]
) language plpgsql volatile security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
declare
  v_pattern text := '%' || replace(replace(replace(p_needle, '\', '\\'), '%', '\%'), '_', '\_') || '%';
  v_organisation_id text := current_setting('app.organisation_id', true);
  v_rare integer[];
  v_last integer;
  v_middle integer;
  v_mask text;
  v_also bigint;
begin
  -- Another spelling of the address, which does not contain the needle.
  if p_canonical_email is not null then
    v_also := (
      select s.join_number from subscribers s
      where s.organisation_id = v_organisation_id and s.waitlist_id = p_counters.waitlist_id and s.canonical_email = p_canonical_email
        and (p_needle is null or strpos(lower(s.email), p_needle) = 0));
  end if;
  if p_needle is null then
    total := num_nonnulls(v_also);
    join_numbers := case when total > p_offset and p_limit > 0 then array[v_also] else '{}' end;
    return;
  end if;
  if not is_searchable(p_needle) then
    -- By the numbers of the waitlist alone: the index would be read whole, with the people of all organisations. `strpos` keeps
    -- it out of the plan.
    with hits as materialized (
      select s.join_number from subscribers s
      where s.waitlist_id = p_counters.waitlist_id and s.organisation_id = v_organisation_id and strpos(lower(s.email), p_needle) > 0
      union all select v_also where v_also is not null
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
      union all select v_also where v_also is not null
    )
    select (select count(*) from hits),
           array(select h.join_number from hits h order by h.join_number offset p_offset limit p_limit)
      into total, join_numbers;
    return;
  end if;
  with hits as materialized (
    select s.join_number from subscribers s
    where s.waitlist_id = p_counters.waitlist_id and s.organisation_id = v_organisation_id and lower(s.email) like v_pattern
    union all select v_also where v_also is not null
  )
  select (select count(*) from hits),
         array(select h.join_number from hits h order by h.join_number offset p_offset limit p_limit)
    into total, join_numbers;
end $$;

-- The same for pages of the dashboard, in any order.
create function find_subscribers(
  p_waitlist_id text, p_needle text, p_canonical_email text, p_sort text, p_backward boolean, p_offset bigint, p_limit integer,
  out total bigint, out join_numbers bigint[]
) language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_dir text := case when p_backward then 'desc' else 'asc' end;
  v_condition text := case when is_searchable(p_needle) then 'lower(s.email) like like_pattern($3)' else 'strpos(lower(s.email), $3) > 0' end;
  v_people text := 'select s.join_number, subscriber_sort_key($4, s.state, s.join_number, s.line_key, s.referral_count) as sort_key
    from subscribers s where s.organisation_id = $1 and s.waitlist_id = $2 and ';
  v_parts text[] := '{}';
begin
  if p_needle is not null then
    v_parts := array[v_people || v_condition];
  end if;
  if p_canonical_email is not null then
    v_parts := v_parts || (v_people || 's.canonical_email = $7 and ($3 is null or strpos(lower(s.email), $3) = 0)');
  end if;
  execute format(
    'with hits as materialized (%s)
     select (select count(*) from hits),
            array(select h.join_number from hits h order by h.sort_key %s, h.join_number %s offset $5 limit $6)',
    array_to_string(v_parts, ' union all '), v_dir, v_dir)
    into total, join_numbers
    using current_setting('app.organisation_id', true), p_waitlist_id, p_needle, p_sort, p_offset, p_limit, p_canonical_email;
end $$;

-- One page of a waitlist, in order of joining, as the text of a JSON array; of those who are found where something is searched.
create function list_subscribers_json(
  p_organisation_id text, p_waitlist_id text, p_referrals boolean, p_offset bigint, p_limit integer, p_needle text,
  p_canonical_email text default null,
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
  if p_needle <> '' or p_canonical_email is not null then
    select s.total, s.join_numbers into total, v_numbers
      from search_subscribers(v_counters, p_needle, p_canonical_email, p_offset, p_limit) s;
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

-- See 0018. A text that is too short for the index, but a complete address, is looked up as an address.
create function api_search_subscribers(
  p_hashes bytea[], p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_waitlist_id text, p_offset bigint, p_limit integer, p_needle text, p_canonical_email text, p_most_read bigint,
  out attempt api_attempt, out waitlist_found boolean, out too_short boolean, out items text, out total bigint, out rows_read bigint
) language plpgsql volatile as $$
declare
  v_referrals boolean;
  v_tokens double precision;
  v_needle text := p_needle;
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
  if too_short and p_canonical_email is not null then
    too_short := false;
    v_needle := null;
  end if;
  if too_short then
    return;
  end if;
  select l.items, l.total into items, total
    from list_subscribers_json(attempt.organisation_id, p_waitlist_id, v_referrals, p_offset, p_limit, v_needle, p_canonical_email) l;
  rows_read := greatest(subscriber_rows_read() - v_before, total);
end $$;

revoke execute on function search_subscribers, find_subscribers, list_subscribers_json, api_search_subscribers from public;
grant execute on function search_subscribers, find_subscribers, list_subscribers_json, api_search_subscribers to :app_role;
