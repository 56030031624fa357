-- How many of a waitlist have a join number below `p_number`.
create function listed_before(p_organisation_id text, p_waitlist_id text, p_number bigint) returns bigint
language sql stable as $$
  select coalesce(sum(part.listed), 0)::bigint
  from (
    select sum(c.listed) as listed from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 4
        and c.bucket < p_number >> 24
    union all
    select sum(c.listed) from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 3
        and c.bucket >= (p_number >> 24) << 6 and c.bucket < p_number >> 18
    union all
    select sum(c.listed) from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 2
        and c.bucket >= (p_number >> 18) << 6 and c.bucket < p_number >> 12
    union all
    select sum(c.listed) from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 1
        and c.bucket >= (p_number >> 12) << 6 and c.bucket < p_number >> 6
    union all
    select count(*) from subscribers s
      where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id
        and s.join_number >= (p_number >> 6) << 6 and s.join_number < p_number
  ) part
$$;

-- The token of a person's status page: where to look (the waitlist and their code) and 128 bits that nobody can guess without
-- the waitlist's own key. The same every time, so that an export can name it, and not bound to SECRET_KEY, whose rotation must
-- not break links that people keep.
create function status_token(p_waitlist_id text, p_key bytea, p_join_number bigint) returns text
language sql immutable parallel safe as $$
  select substr(p_waitlist_id, 4) || referral_code(p_key, p_join_number)
    || encode(substr(sha256(p_key || convert_to('status', 'UTF8') || int8send(p_join_number)), 1, 16), 'hex')
$$;

-- What a status token opens, before any organisation is known: past the row-level wall on purpose. No row for what is no
-- token, for who has left, and while the waitlist's referrals are off.
create function read_status(p_token text) returns table (
  waitlist_name text, archived boolean, "position" bigint, behind bigint, referral_code text, referral_count integer, skip_amount integer
) language plpgsql stable security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  v_waitlist waitlists;
  v_join_number bigint;
begin
  select w.* into v_waitlist from waitlists w join organisations o on o.id = w.organisation_id
    where w.id = 'wl_' || left(p_token, 12) and w.referrals_enabled and o.deleted_at is null;
  v_join_number := referral_join_number(v_waitlist.referral_key, substr(p_token, 13, 6));
  -- By their hashes: how long it takes does not tell how much of a guess was right.
  if sha256(convert_to(status_token(v_waitlist.id, v_waitlist.referral_key, v_join_number), 'UTF8'))
     is distinct from sha256(convert_to(p_token, 'UTF8')) then
    return;
  end if;
  return query
    select v_waitlist.name, v_waitlist.archived_at is not null, p.position, c.unmoved + c.moved - p.position, p.referral_code,
           p.referral_count, v_waitlist.skip_amount
    from waitlist_counters c,
         lateral (
           select s.referral_code, s.referral_count, case when s.state = 'active'
                    then place_in_line(s.organisation_id, s.waitlist_id, s.join_number, s.priority_score) end as position
           from subscribers s
           where s.organisation_id = v_waitlist.organisation_id and s.waitlist_id = v_waitlist.id and s.join_number = v_join_number
         ) p
    where c.organisation_id = v_waitlist.organisation_id and c.waitlist_id = v_waitlist.id;
end $$;
revoke execute on function read_status from public;
grant execute on function read_status to :app_role;

-- Files of people to be added, and batches that a command adds (without a reading). Uploaded in pieces that every process can read, looked at, and then worked off in batches,
-- each in one transaction with how far it got.
create table imports (
  organisation_id text collate "C" not null,
  id text collate "C" not null,
  waitlist_id text collate "C" not null,
  state text not null default 'uploading' check (state in ('uploading', 'uploaded', 'running', 'done', 'cancelled', 'stopped')),
  file_name text not null,
  -- Who brought it and from where, for the row of the log that it leaves in the end.
  started_by jsonb not null,
  -- How the file is read: encoding, delimiter, and which column is what.
  reading jsonb,
  bytes bigint not null default 0,
  lines bigint not null default 0,
  -- Where the next batch begins.
  position bigint not null default 0,
  done_rows bigint not null default 0,
  added bigint not null default 0,
  confirmed bigint not null default 0,
  already_there bigint not null default 0,
  refused bigint not null default 0,
  -- What it had come to when somebody had it go on; null while nobody has. What came before has its row of the log already.
  began_with jsonb,
  -- Counts the chains of jobs: a chain that was thought lost does nothing when it comes back.
  run integer not null default 0,
  failures integer not null default 0,
  stopped_reason text,
  created_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  progressed_at timestamptz,
  finished_at timestamptz,
  -- The file and the answer for each row are kept for some days.
  file_deleted_at timestamptz,
  -- Its last row of the log, once it has one.
  activity_number bigint,
  primary key (organisation_id, id),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
);
create index imports_by_waitlist on imports (organisation_id, waitlist_id, created_at);
create index imports_with_files on imports (organisation_id, finished_at) where file_deleted_at is null;
create index imports_running on imports (progressed_at) where state = 'running';

-- All of one size but the last, so that a place in the file tells its chunk.
create table import_chunks (
  organisation_id text collate "C" not null,
  import_id text collate "C" not null,
  number integer not null,
  bytes bytea not null,
  primary key (organisation_id, import_id, number),
  foreign key (organisation_id, import_id) references imports on delete cascade
);

-- One letter a row of the file, in the file's order. No address: that stands in the file alone.
create table import_results (
  organisation_id text collate "C" not null,
  import_id text collate "C" not null,
  first_row bigint not null,
  outcomes text not null,
  primary key (organisation_id, import_id, first_row),
  foreign key (organisation_id, import_id) references imports on delete cascade
);

-- Who came with which import, by their ids, which are given in order, and the row of the log that tells of them, once it is written.
create table imported_people (
  organisation_id text collate "C" not null,
  first_id bigint not null,
  last_id bigint not null,
  import_id text collate "C" not null,
  activity_number bigint,
  primary key (organisation_id, first_id),
  foreign key (organisation_id, import_id) references imports on delete cascade
);
create index imported_people_by_import on imported_people (organisation_id, import_id);

-- By which codes the rows of a file name each other, and what these people's codes are on this waitlist.
create table import_codes (
  organisation_id text collate "C" not null,
  import_id text collate "C" not null,
  file_code text collate "C" not null,
  code text not null,
  primary key (organisation_id, import_id, file_code),
  foreign key (organisation_id, import_id) references imports on delete cascade
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['imports', 'import_chunks', 'import_results', 'imported_people', 'import_codes'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('create policy own_organisation on %I using (organisation_id = (select current_setting(''app.organisation_id'', true)))', v_table);
  end loop;
end $$;
grant select, insert, update, delete on imports, import_chunks, import_results, imported_people, import_codes to :app_role;
