-- What is left of a deleted organisation: how long its log was, and a hash over all of it.
create table organisation_tombstones (
  organisation_id text collate "C" primary key,
  deleted_at timestamptz not null default clock_timestamp(),
  last_activity_number bigint not null,
  log_hash bytea not null
);

-- Rows of the log are deleted by the tables' owner alone, so that the application asks it to. The caller has locked the
-- organisation's counter and has entered the organisation.
create function delete_organisation(p_organisation_id text) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_hash bytea := '';
  v_row text;
begin
  if p_organisation_id is distinct from current_setting('app.organisation_id', true) then
    raise exception 'an organisation is deleted from within' using errcode = 'insufficient_privilege';
  end if;
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

revoke delete on organisations, organisation_counters from :app_role;
grant execute on function delete_organisation(text) to :app_role;
