-- Joining, by whatever way: the customer API, the dashboard, an import. Many in one call, each decided by itself.

create type waitlist_join as (
  ordinal integer, waitlist_id text, email text, canonical_email text, referral_code text, joined_at timestamptz,
  actor_type text, actor_id text, actor_name text, request_id text, ip text, user_agent text
);

-- Adds people to waitlists of one organisation; the caller has locked its counter and knows that the waitlists are open.
-- Outcomes: added, confirmed (was pending), already_there. One activity for each change where `p_logged`.
create function join_waitlists(p_organisation_id text, p_joins waitlist_join[], p_logged boolean)
returns table (ordinal integer, outcome text, subscriber_id bigint, item text)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_counters organisation_counters;
  v_at timestamptz;
  v_added integer;
  v_confirmed bigint[] := '{}';
  v_active bigint[];
begin
  select * into strict v_counters from organisation_counters c where c.organisation_id = p_organisation_id;
  v_at := greatest(clock_timestamp(), v_counters.last_activity_at);

  -- A pending person whom a backend or an admin adds needs no confirmation any more.
  if exists (select from waitlist_counters w where w.organisation_id = p_organisation_id and w.listed > w.unmoved + w.moved
               and w.waitlist_id in (select j.waitlist_id from unnest(p_joins) j)) then
    with confirmed as (
      update subscribers s set state = 'active' from (select distinct waitlist_id, canonical_email from unnest(p_joins)) j
        where s.organisation_id = p_organisation_id and s.waitlist_id = j.waitlist_id
          and s.canonical_email = j.canonical_email and s.state = 'pending'
        returning s.id
    )
    select coalesce(array_agg(id), '{}') into v_confirmed from confirmed;
  end if;

  -- Of several with one address in this call, the first one joins.
  with fresh as (
    select j.*, row_number() over (order by j.ordinal) as turn from (
      select distinct on (waitlist_id, canonical_email) * from unnest(p_joins) order by waitlist_id, canonical_email, ordinal
    ) j
    where not exists (
      select from subscribers s
      where s.organisation_id = p_organisation_id and s.waitlist_id = j.waitlist_id and s.canonical_email = j.canonical_email)
  ), numbered as (
    select f.*, w.referral_key, counters.last_join_number + row_number() over (partition by f.waitlist_id order by f.turn) as join_number,
           case when w.referrals_enabled then referral_join_number(w.referral_key, f.referral_code) end as referrer
    from fresh f
      join waitlists w on w.organisation_id = p_organisation_id and w.id = f.waitlist_id
      join waitlist_counters counters on counters.organisation_id = p_organisation_id and counters.waitlist_id = f.waitlist_id
  ), inserted as (
    insert into subscribers (organisation_id, waitlist_id, join_number, id, email, canonical_email, state, joined_at, added_at,
                             referral_code, referred_by)
      select p_organisation_id, n.waitlist_id, n.join_number, v_counters.last_subscriber_id + n.turn, n.email,
             n.canonical_email, 'active', coalesce(n.joined_at, v_at), v_at, referral_code(n.referral_key, n.join_number),
             (select r.join_number from subscribers r
              where r.organisation_id = p_organisation_id and r.waitlist_id = n.waitlist_id and r.join_number = n.referrer)
      from numbered n order by n.turn
      returning 1
  )
  select count(*) into v_added from inserted;

  -- A referrer moves ahead once for each person who became active here: counted first, since an UPDATE touches a row once.
  v_active := v_confirmed || array(
    select v_counters.last_subscriber_id + n from generate_series(1, v_added) n
    where exists (select from unnest(p_joins) j where j.referral_code is not null));
  if v_active <> '{}' then
    with credits as (
      select s.waitlist_id, s.referred_by as join_number, count(*) as people from subscribers s
      where s.organisation_id = p_organisation_id and s.id = any (v_active) and s.referred_by is not null
      group by 1, 2
    )
    update subscribers s
      set priority_score = s.priority_score + w.skip_amount * credits.people, referral_count = s.referral_count + credits.people
      from credits join waitlists w on w.organisation_id = p_organisation_id and w.id = credits.waitlist_id
      where s.organisation_id = p_organisation_id and s.waitlist_id = credits.waitlist_id and s.join_number = credits.join_number
        and w.referrals_enabled;
  end if;

  return query
  with settled as materialized (
    select j.ordinal, j.actor_type, j.actor_id, j.actor_name, j.request_id, j.ip, j.user_agent, s.id, s.email, s.joined_at,
           s.state, s.join_number, s.priority_score, s.referral_code, s.referral_count, s.waitlist_id, w.name as waitlist_name,
           w.referrals_enabled, counters.unmoved + counters.moved - (counters.last_join_number - s.join_number) as last_place,
           case when row_number() over (partition by s.id order by j.ordinal) > 1 then 'already_there'
                when s.id > v_counters.last_subscriber_id then 'added'
                when s.id = any (v_confirmed) then 'confirmed'
                else 'already_there' end as outcome
    from unnest(p_joins) j
      join subscribers s on s.organisation_id = p_organisation_id and s.waitlist_id = j.waitlist_id
                            and s.canonical_email = j.canonical_email
      join waitlists w on w.organisation_id = p_organisation_id and w.id = j.waitlist_id
      join waitlist_counters counters on counters.organisation_id = p_organisation_id and counters.waitlist_id = j.waitlist_id
  ), logged as (
    insert into activities (organisation_id, number, occurred_at, action, actor_type, actor_id, actor_name, targets, request_id,
                            ip, user_agent)
      select p_organisation_id, v_counters.last_activity_number + row_number() over (order by t.ordinal), v_at,
             case t.outcome when 'added' then 'subscriber.joined' else 'subscriber.confirmed' end,
             t.actor_type, t.actor_id, t.actor_name,
             jsonb_build_array(jsonb_build_object('type', 'subscriber', 'id', t.id::text),
                               jsonb_build_object('type', 'waitlist', 'id', t.waitlist_id, 'name', t.waitlist_name)),
             t.request_id, t.ip, t.user_agent
      from settled t where p_logged and t.outcome <> 'already_there'
      returning number
  ), counted as (
    update organisation_counters c
      set last_subscriber_id = c.last_subscriber_id + v_added,
          last_activity_number = c.last_activity_number + (select count(*) from logged),
          last_activity_at = case when p_logged then v_at else c.last_activity_at end
      where c.organisation_id = p_organisation_id
  )
  select t.ordinal, t.outcome, t.id,
         subscriber_json(t.id, t.email, t.joined_at,
           -- Everybody active stands before somebody new, but for those who came after them in this same call.
           case when t.outcome = 'added' and t.priority_score = 0 then t.last_place
                when t.state = 'active' then place_in_line(p_organisation_id, t.waitlist_id, t.join_number, t.priority_score) end,
           case when t.referrals_enabled then t.referral_code else '' end, t.referral_count)
  from settled t order by t.ordinal;
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
-- Outcomes of a member: those of api_attempt; elsewhere (the key is another organisation's); waitlist (no such open
-- one); mismatch and replayed (by the idempotency key); added, confirmed, already_there.
create function api_create_subscribers(
  p_scope text, p_api_plans text[], p_per_second double precision, p_burst double precision,
  p_hashes bytea[], p_previous_hashes bytea[], p_own integer[], p_spare integer[], p_returned integer[], p_waitlist_ids text[], p_emails text[],
  p_canonical_emails text[], p_referral_codes text[], p_joined_ats timestamptz[], p_idempotency_keys text[],
  p_fingerprints bytea[], p_request_ids text[], p_ips text[], p_user_agents text[]
) returns table (ordinal integer, attempt api_attempt, outcome text, status smallint, body text)
language plpgsql volatile set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_organisation_id text;
  v_attempts api_attempt[] := array_fill(null::api_attempt, array[cardinality(p_hashes)]);
  v_outcomes text[] := array_fill(null::text, array[cardinality(p_hashes)]);
  v_statuses smallint[] := array_fill(null::smallint, array[cardinality(p_hashes)]);
  v_bodies text[] := array_fill(null::text, array[cardinality(p_hashes)]);
  v_open text[];
  v_joins waitlist_join[];
  v_attempt api_attempt;
  v_row record;
  v_taken integer;
begin
  v_organisation_id := (find_api_key(p_hashes || array_remove(p_previous_hashes, null))).organisation_id;
  if v_organisation_id is not null then
    perform set_config('app.organisation_id', v_organisation_id, true);
    perform from organisation_counters c where c.organisation_id = v_organisation_id for update;
  end if;

  for v_row in
    select m.hash, (array_agg(m.previous))[1] as previous, sum(m.own)::integer as own, max(m.spare) as spare, sum(m.returned)::integer as returned,
           array_agg(m.ordinal::integer order by m.ordinal) as ordinals
    from unnest(p_hashes, p_previous_hashes, p_own, p_spare, p_returned)
           with ordinality m(hash, previous, own, spare, returned, ordinal) group by m.hash order by m.hash
  loop
    v_attempt := authorize_api_key(array_remove(array[v_row.hash, v_row.previous], null), p_scope, p_api_plans, p_per_second,
                                   p_burst, v_row.own, v_row.spare, v_row.returned);
    if v_attempt.organisation_id is distinct from v_organisation_id and v_attempt.outcome <> 'unknown' then
      v_attempt.outcome := 'elsewhere';
      perform set_config('app.organisation_id', v_organisation_id, true);
    end if;
    v_taken := 0;
    for i in 1..cardinality(v_row.ordinals) loop
      v_attempts[v_row.ordinals[i]] := v_attempt;
      v_outcomes[v_row.ordinals[i]] := v_attempt.outcome;
      if v_attempt.outcome = 'rate' then
        v_taken := v_taken + p_own[v_row.ordinals[i]];
        if v_taken <= v_attempt.granted then
          v_outcomes[v_row.ordinals[i]] := 'ok';
        end if;
      end if;
    end loop;
  end loop;

  v_open := array(select w.id from waitlists w
                  where w.organisation_id = v_organisation_id and w.id = any (p_waitlist_ids) and w.archived_at is null);

  for i in 1..cardinality(p_hashes) loop
    if v_outcomes[i] = 'ok' then
      if p_waitlist_ids[i] <> all (v_open) then
        v_outcomes[i] := 'waitlist';
      elsif p_idempotency_keys[i] is not null then
        select a.fingerprint, a.status, a.body into v_row from idempotency_answers a
          where a.organisation_id = v_organisation_id and a.api_key_id = (v_attempts[i]).key_id
            and a.target = 'POST /waitlists/' || p_waitlist_ids[i] || '/subscribers' and a.idempotency_key = p_idempotency_keys[i]
            and a.created_at > clock_timestamp() - interval '24 hours';
        if found then
          v_outcomes[i] := case when v_row.fingerprint = p_fingerprints[i] then 'replayed' else 'mismatch' end;
          v_statuses[i] := v_row.status;
          v_bodies[i] := v_row.body;
        end if;
      end if;
    end if;
  end loop;

  select array_agg((m.ordinal, m.waitlist_id, m.email, m.canonical_email, m.referral_code, m.joined_at, 'api_key',
                    (v_attempts[m.ordinal]).key_id, (v_attempts[m.ordinal]).key_name, m.request_id, m.ip, m.user_agent)::waitlist_join
                   order by m.ordinal)
    into v_joins
    from unnest(p_waitlist_ids, p_emails, p_canonical_emails, p_referral_codes, p_joined_ats, p_request_ids, p_ips, p_user_agents)
           with ordinality m(waitlist_id, email, canonical_email, referral_code, joined_at, request_id, ip, user_agent, ordinal)
    where v_outcomes[m.ordinal] = 'ok';
  if v_joins is not null then
    for v_row in select * from join_waitlists(v_organisation_id, v_joins, true) loop
      v_outcomes[v_row.ordinal] := v_row.outcome;
      v_statuses[v_row.ordinal] := case v_row.outcome when 'added' then 201 else 200 end;
      v_bodies[v_row.ordinal] := v_row.item;
      if p_idempotency_keys[v_row.ordinal] is not null then
        insert into idempotency_answers (organisation_id, api_key_id, target, idempotency_key, fingerprint, status, body, subscriber_id)
          values (v_organisation_id, (v_attempts[v_row.ordinal]).key_id,
                  'POST /waitlists/' || p_waitlist_ids[v_row.ordinal] || '/subscribers', p_idempotency_keys[v_row.ordinal],
                  p_fingerprints[v_row.ordinal], v_statuses[v_row.ordinal], v_row.item, v_row.subscriber_id)
          on conflict (organisation_id, api_key_id, target, idempotency_key) do update
            set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body,
                subscriber_id = excluded.subscriber_id, created_at = excluded.created_at;
      end if;
    end loop;
  end if;

  return query select m.ordinal::integer, v_attempts[m.ordinal], v_outcomes[m.ordinal], v_statuses[m.ordinal], v_bodies[m.ordinal]
    from generate_series(1, cardinality(p_hashes)) m(ordinal);
end $$;

-- Gathers statistics of the tables that grow by joining, where the last were of a table less than half as large. Whoever
-- comes while another looks, or autovacuum does, leaves it to them.
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
end $$;

revoke execute on function find_api_key, search_subscribers, learn_statistics from public;
grant execute on function find_api_key, search_subscribers, learn_statistics to :app_role;
