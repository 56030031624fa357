-- Rate limits that count one request in several buckets ---------------------------------------------------------------

-- When a bucket that refills slowly is full again, and so need not be kept. Null: a day after its last use.
alter table rate_limits add column full_at timestamptz;

-- Takes `p_costs` tokens from each bucket, or none from any where one lacks them, in one round trip. `retry_after` is in
-- seconds. The subjects must differ.
create function take_tokens_of_each(
  p_subjects text[], p_per_second double precision[], p_bursts double precision[], p_costs double precision[],
  out granted boolean, out retry_after double precision
) language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_found integer;
  v_now timestamptz;
begin
  loop
    insert into rate_limits (subject, tokens, refilled_at)
      select given.subject, given.burst, clock_timestamp() from unnest(p_subjects, p_bursts) given(subject, burst)
      order by given.subject on conflict do nothing;
    -- Everybody locks in the same order, so that no two wait for each other.
    perform from rate_limits where subject = any (p_subjects) order by subject for update;
    get diagnostics v_found = row_count;
    exit when v_found = cardinality(p_subjects);
  end loop;
  v_now := clock_timestamp();
  select bool_and(bucket.tokens >= bucket.cost - 1e-9),
         max(greatest(0, bucket.cost - bucket.tokens) / bucket.per_second)
    into granted, retry_after
    from (
      select given.cost, given.per_second,
             least(given.burst, l.tokens + given.per_second * greatest(0, extract(epoch from v_now - l.refilled_at))) as tokens
      from unnest(p_subjects, p_per_second, p_bursts, p_costs) given(subject, per_second, burst, cost)
      join rate_limits l on l.subject = given.subject
    ) bucket;
  if not granted then
    return;
  end if;
  retry_after := 0;
  update rate_limits l
    set tokens = left_over.tokens, refilled_at = v_now,
        full_at = v_now + make_interval(secs => (left_over.burst - left_over.tokens) / left_over.per_second)
    from (
      select given.subject, given.burst, given.per_second,
             greatest(0, least(given.burst, b.tokens + given.per_second * greatest(0, extract(epoch from v_now - b.refilled_at))) - given.cost) as tokens
      from unnest(p_subjects, p_per_second, p_bursts, p_costs) given(subject, per_second, burst, cost)
      join rate_limits b on b.subject = given.subject
    ) left_over
    where l.subject = left_over.subject;
end $$;

revoke execute on function take_tokens_of_each from public;
grant execute on function take_tokens_of_each to :app_role;

-- Fair turns in the job queue ------------------------------------------------------------------------------------------

-- Each queue has workers of its own. Within a queue the jobs of one fairness key take turns with those of the others: `turn`
-- is given when a job is queued and counts the key's jobs from the turn the queue is at, so that the lowest turn is the next
-- job of the key that was served longest ago. A key that was never served counts from when it came. Null: not due yet,
-- numbered when it is.
alter table queued_jobs
  add column queue text collate "C" not null default 'general',
  add column fairness_key text collate "C" not null default '',
  add column turn bigint,
  -- Until then somebody is at it. In no index, so that claiming a job rewrites none.
  add column leased_until timestamptz,
  set (fillfactor = 70);

update queued_jobs set queue = case
  when name in ('run import', 'forget in files') then 'long'
  when name in ('mail_password_reset', 'mail_sign_up') then 'sign_in'
  else 'general' end;

drop index queued_jobs_due;
create index queued_jobs_turns on queued_jobs (queue, turn, id) where turn is not null;
create index queued_jobs_oldest on queued_jobs (queue, run_at, id) where turn is not null;
create index queued_jobs_keys on queued_jobs (queue, fairness_key, turn) where turn is not null;
create index queued_jobs_unnumbered on queued_jobs (queue, run_at) where turn is null;

-- The turn of a key's next job. Volatile, so that it sees the rows that the calling statement has written before.
create function next_job_turn(p_queue text, p_fairness_key text) returns bigint
language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_job record;
  v_turn bigint := 0;
begin
  -- Jobs are claimed in this order, so that those at work come first, and the one after them is where the queue is.
  for v_job in
    select j.turn, j.leased_until from queued_jobs j where j.queue = p_queue and j.turn is not null order by j.turn, j.id
  loop
    v_turn := greatest(v_turn, v_job.turn);
    exit when v_job.leased_until is null or v_job.leased_until <= clock_timestamp();
    v_turn := v_turn + 1;
  end loop;
  return greatest(v_turn, (
    select j.turn + 1 from queued_jobs j
    where j.queue = p_queue and j.fairness_key = p_fairness_key and j.turn is not null order by j.turn desc limit 1));
end $$;

-- The next job of a queue, leased to the caller; no row where none is due. With `p_overdue_seconds` a job that has been due for
-- longer comes first, the oldest of them, whatever its turn: a steady stream of new keys always has the lowest turn.
create function claim_job(p_queue text, p_lease_seconds integer, p_overdue_seconds integer default null)
returns table (id bigint, name text, payload bytea, attempts integer)
language plpgsql volatile set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  v_id bigint;
begin
  update queued_jobs set turn = next_job_turn(queue, fairness_key)
    where id in (
      select id from queued_jobs where queue = p_queue and turn is null and run_at <= clock_timestamp()
      order by run_at limit 500 for update skip locked);
  if p_overdue_seconds is not null then
    select id into v_id from queued_jobs
      where queue = p_queue and turn is not null and (leased_until is null or leased_until <= clock_timestamp())
        and run_at < now() - make_interval(secs => p_overdue_seconds)
      order by run_at, id limit 1 for update skip locked;
  end if;
  if v_id is null then
    select id into v_id from queued_jobs
      where queue = p_queue and turn is not null and (leased_until is null or leased_until <= clock_timestamp())
      order by turn, id limit 1 for update skip locked;
  end if;
  return query
    update queued_jobs j
      set attempts = j.attempts + 1, leased_until = clock_timestamp() + make_interval(secs => p_lease_seconds)
    where j.id = v_id
    returning j.id, j.name, j.payload, j.attempts;
end $$;

revoke execute on function next_job_turn, claim_job from public;
grant execute on function next_job_turn, claim_job to :app_role;

-- The job that an import waits for or is worked on by.
alter table imports add column queued_job_id bigint;
