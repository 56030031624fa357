-- Joining, by whatever way: the customer API, the dashboard, an import. Many in one call, each decided by itself.

-- Each of these people has become active: who referred them moves ahead once for each, where referrals are on.
create function credit_referrers(p_organisation_id text, p_active bigint[]) returns void
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
begin
  -- Counted first, since an UPDATE touches a row once.
  with credits as (
    select s.waitlist_id, s.referred_by as join_number, count(*) as people from subscribers s
    where s.organisation_id = p_organisation_id and s.id = any (p_active) and s.referred_by is not null
    group by 1, 2
  )
  update subscribers s
    set priority_score = s.priority_score + w.skip_amount * credits.people, referral_count = s.referral_count + credits.people
    from credits join waitlists w on w.organisation_id = p_organisation_id and w.id = credits.waitlist_id
    where s.organisation_id = p_organisation_id and s.waitlist_id = credits.waitlist_id and s.join_number = credits.join_number
      and w.referrals_enabled;
end $$;

-- Adds people to waitlists of one organisation; the caller has locked its counter and knows that the waitlists are open.
-- Whoever has no waitlist is left out. Outcomes: added, confirmed (was pending), already_there. One activity for each change
-- where `p_logged`. Of several with one address in this call the first one joins. Whoever is referred has joined, and been
-- answered, before their referrer moves ahead; whoever is confirmed, after.
create function join_waitlists(
  p_organisation_id text, p_waitlist_ids text[], p_emails text[], p_canonical_emails text[], p_referral_codes text[],
  p_joined_ats timestamptz[], p_actor_type text, p_actor_ids text[], p_actor_names text[], p_request_ids text[], p_ips text[],
  p_user_agents text[], p_logged boolean
) returns table (ordinal integer, outcome text, subscriber_id bigint, item text)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_last_subscriber_id bigint;
  v_last_activity_number bigint;
  v_at timestamptz;
  v_pending boolean;
  v_confirmed bigint[] := '{}';
begin
  select c.last_subscriber_id, c.last_activity_number, greatest(clock_timestamp(), c.last_activity_at),
         exists (select from waitlist_counters w
                 where w.organisation_id = p_organisation_id and w.waitlist_id = any (p_waitlist_ids) and w.listed > w.unmoved + w.moved)
    into strict v_last_subscriber_id, v_last_activity_number, v_at, v_pending
    from organisation_counters c where c.organisation_id = p_organisation_id;

  -- A pending person whom a backend or an admin adds needs no confirmation any more.
  if v_pending then
    with confirmed as (
      update subscribers s set state = 'active'
        from (select distinct waitlist_id, canonical_email from unnest(p_waitlist_ids, p_canonical_emails) j(waitlist_id, canonical_email)) j
        where s.organisation_id = p_organisation_id and s.waitlist_id = j.waitlist_id
          and s.canonical_email = j.canonical_email and s.state = 'pending'
        returning s.id
    )
    select coalesce(array_agg(id), '{}') into v_confirmed from confirmed;
    if v_confirmed <> '{}' then
      perform credit_referrers(p_organisation_id, v_confirmed);
    end if;
  end if;

  return query
  with opened as materialized (
    select w.id, w.referrals_enabled, w.referral_key, c.last_join_number, c.unmoved + c.moved as people_in_line,
           jsonb_build_object('type', 'waitlist', 'id', w.id, 'name', w.name)::text as target
    from waitlists w join waitlist_counters c on c.organisation_id = p_organisation_id and c.waitlist_id = w.id
    where w.organisation_id = p_organisation_id and w.id = any (p_waitlist_ids)
  ), asked as (
    select j.n, j.waitlist_id, s.id as known_id,
           case when s.id is not null then subscriber_json(s.id, s.email, s.joined_at,
             case when s.state = 'active' then place_in_line(p_organisation_id, j.waitlist_id, s.join_number, s.priority_score) end,
             case when o.referrals_enabled then s.referral_code else '' end, s.referral_count) end as known_item,
           first_value(j.n) over (partition by j.waitlist_id, j.canonical_email order by j.n rows unbounded preceding) as first
    from unnest(p_waitlist_ids, p_canonical_emails) with ordinality j(waitlist_id, canonical_email, n)
      join opened o on o.id = j.waitlist_id
      left join subscribers s on s.organisation_id = p_organisation_id and s.waitlist_id = j.waitlist_id
                                 and s.canonical_email = j.canonical_email
  ), decided as (
    select a.*, case when a.n > a.first then 'already_there' when a.known_id is null then 'added'
                     when a.known_id = any (v_confirmed) then 'confirmed' else 'already_there' end as outcome
    from asked a
  ), numbered as materialized (
    select d.*, count(*) filter (where d.outcome = 'added') over (partition by d.waitlist_id order by d.n
                                                                  rows unbounded preceding) as turn,
           v_last_subscriber_id + count(*) filter (where d.outcome = 'added') over turns as new_id,
           v_last_activity_number + count(*) filter (where d.outcome <> 'already_there') over turns as number
    from decided d window turns as (order by d.waitlist_id, d.n rows unbounded preceding)
  ), fresh as materialized (
    select n.n, n.waitlist_id, n.new_id, o.last_join_number + n.turn as join_number, o.people_in_line + n.turn as position,
           coalesce(p_joined_ats[n.n], v_at) as joined_at, o.referrals_enabled, o.referral_key,
           referral_code(o.referral_key, o.last_join_number + n.turn) as code
    from numbered n join opened o on o.id = n.waitlist_id where n.outcome = 'added'
  ), inserted as (
    insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, added_at,
                             referral_code, referred_by)
      select p_organisation_id, f.waitlist_id, f.join_number, f.new_id, p_emails[f.n], p_canonical_emails[f.n], 'active',
             f.joined_at, v_at, f.code,
             case when p_referral_codes[f.n] is not null and f.referrals_enabled then (
               select r.join_number from subscribers r
               where r.organisation_id = p_organisation_id and r.waitlist_id = f.waitlist_id
                 and r.join_number = referral_join_number(f.referral_key, p_referral_codes[f.n])) end
      from fresh f
  ), logged as (
    insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets, request_id,
                            ip, user_agent)
      select p_organisation_id, n.number, v_at,
             case n.outcome when 'added' then 'subscriber.joined' else 'subscriber.confirmed' end,
             p_actor_type, p_actor_ids[n.n], p_actor_names[n.n],
             ('[{"type":"subscriber","id":"' || coalesce(n.known_id, n.new_id) || '"},' || o.target || ']')::jsonb,
             p_request_ids[n.n], p_ips[n.n], p_user_agents[n.n]
      from numbered n join opened o on o.id = n.waitlist_id where p_logged and n.outcome <> 'already_there'
  ), counted as (
    update organisation_counters c
      set last_subscriber_id = last.id,
          last_activity_number = case when p_logged then last.number else c.last_activity_number end,
          last_activity_at = case when p_logged then v_at else c.last_activity_at end
      from (select coalesce(max(n.new_id), v_last_subscriber_id) as id, coalesce(max(n.number), v_last_activity_number) as number
            from numbered n) last
      where c.organisation_id = p_organisation_id
  ), told as materialized (
    -- Everybody active stands before somebody new, but for those who came after them in this same call.
    select f.n, f.new_id as id,
           subscriber_json(f.new_id, p_emails[f.n], f.joined_at, f.position, case when f.referrals_enabled then f.code else '' end, 0) as item
    from fresh f
  )
  select t.n::integer, 'added', t.id, t.item from told t
  union all
  select n.n::integer, n.outcome, n.known_id, n.known_item from numbered n where n.known_id is not null
  union all
  -- Who comes twice in this call is told the same twice.
  select n.n::integer, n.outcome, t.id, t.item from numbered n join told t on t.n = n.first
    where n.known_id is null and n.outcome = 'already_there';

  if array_remove(p_referral_codes, null) <> '{}' then
    perform credit_referrers(p_organisation_id, array(
      select n from generate_series(v_last_subscriber_id + 1, (
        select c.last_subscriber_id from organisation_counters c where c.organisation_id = p_organisation_id)) n));
  end if;
end $$;

-- Answers kept for 24 hours for requests that are sent again under the same Idempotency-Key.
create table idempotency_answers (
  organisation_id text collate "C" not null references organisations on delete cascade,
  api_key_id text collate "C" not null,
  -- Method and path.
  target text collate "C" not null,
  idempotency_key text collate "C" not null,
  fingerprint bytea not null,
  status smallint not null,
  body text not null,
  subscriber_id bigint not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (organisation_id, api_key_id, target, idempotency_key)
);
create index idempotency_answers_by_subscriber on idempotency_answers (organisation_id, subscriber_id);
create index idempotency_answers_by_age on idempotency_answers (created_at);
alter table idempotency_answers enable row level security;
create policy own_organisation on idempotency_answers using (organisation_id = (select current_setting('app.organisation_id', true)));
grant select, insert, update, delete on idempotency_answers to :app_role;

-- Concurrent creates of one organisation. Locks its counter first and only then reads keys, plan and waitlists, so that
-- whatever a revoke, plan change or archive has confirmed holds here, and nothing of this commits after it.
-- The keys come in the order of their hashes, since each may lock its bucket; `p_keys` tells the key of each member.
-- One row for each key, with its attempt and an ordinal from -1 down, and one for each member, whose outcomes are: those of
-- api_attempt; elsewhere (the key is another organisation's); waitlist (no such open one); mismatch and replayed (by the
-- idempotency key); added, confirmed, already_there.
create function api_create_subscribers(
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
  v_organisation_id := (find_api_key(p_hashes || array_remove(p_previous_hashes, null))).organisation_id;
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
        v_taken[v_key] := v_taken[v_key] + p_own[i];
        if v_taken[v_key] <= v_attempts[v_key].granted then
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

-- Gathers statistics of the tables that grow by joining, the search's too, where the last were of a table less than half as
-- large. Whoever comes while another looks, or autovacuum does, leaves it to them.
create function learn_statistics() returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_table text;
begin
  if not pg_try_advisory_xact_lock(hashtext('learn_statistics')) then
    return;
  end if;
  for v_table in
    select c.relname from pg_class c
    where c.oid in ('subscribers'::regclass, 'line_counts'::regclass, 'activities'::regclass, 'idempotency_answers'::regclass)
      and pg_relation_size(c.oid) / current_setting('block_size')::integer > 2 * greatest(c.relpages, 0)
  loop
    execute format('analyze (skip_locked) %I', v_table);
  end loop;
  perform learn_common_trigrams();
end $$;

-- Files who joined lately in the search's index. Whoever joins meanwhile does not wait.
create function file_search_entries() returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if pg_try_advisory_xact_lock(hashtext('file_search_entries')) then
    perform gin_clean_pending_list('subscribers_search');
  end if;
end $$;

revoke execute on function find_api_key, learn_common_trigrams, search_subscribers, learn_statistics, file_search_entries from public;
grant execute on function find_api_key, search_subscribers, learn_statistics, file_search_entries to :app_role;
