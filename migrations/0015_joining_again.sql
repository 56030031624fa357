-- A referral counts once for each person, however often they are removed and join again.

-- Whether the person's joining has moved a referrer ahead.
alter table removed_subscribers add column credited boolean not null default false;

-- As `api_create_subscribers`, for groups in which somebody names a referrer: the code of a person who was removed, and had
-- moved a referrer ahead by then, is ignored. `p_removal_hashes` are of those who name one, as their removal would have kept
-- them; null where the caller does not know the key to make them with. Where they are needed, the one row of the answer has
-- that key, sealed, and nothing was done.
create function api_create_referred(
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
  v_organisation_id := (find_api_key(p_hashes || array_remove(p_previous_hashes, null))).organisation_id;
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
