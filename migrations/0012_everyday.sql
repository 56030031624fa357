-- People who were removed ---------------------------------------------------------------------------------------------

-- The key under which an organisation's removed addresses are hashed, sealed under SECRET_KEY. Of its own, so that the
-- hashes outlive a change of SECRET_KEY, which could not be made again from addresses that nobody knows any more.
create table removal_keys (
  organisation_id text collate "C" primary key references organisations on delete cascade,
  sealed_key bytea not null,
  -- Which SECRET_KEY sealed it.
  secret_version text not null
);

-- An import of the same address brings nobody back. The address itself is not here.
create table removed_subscribers (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  email_hash bytea not null,
  subscriber_id bigint not null,
  removed_at timestamptz not null,
  primary key (organisation_id, waitlist_id, email_hash),
  unique (organisation_id, subscriber_id),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
);

grant select, insert, update on removal_keys, removed_subscribers to :app_role;
grant delete on subscribers to :app_role;

-- Seeking in the table of a waitlist's people -------------------------------------------------------------------------

-- All three are partial, so that somebody who just joins costs none of them anything.
create index subscribers_pending on subscribers (organisation_id, waitlist_id, join_number) where state = 'pending';
create index subscribers_referrers on subscribers (organisation_id, waitlist_id, (-referral_count), join_number)
  where referral_count > 0;
create index subscribers_referred on subscribers (organisation_id, waitlist_id, referred_by, join_number)
  where referred_by is not null;

-- What a row's key is in each order: joined, position (those not in line come last) and referrals.
create function subscriber_sort_key(p_sort text, p_state text, p_join_number bigint, p_line_key bigint, p_referral_count integer)
returns bigint language sql immutable as $$
  select case p_sort when 'joined' then p_join_number
                     when 'referrals' then -p_referral_count
                     else case when p_state = 'active' then p_line_key else 4503599627370496 end end
$$;

-- The next (or, backward, the previous) people after the one with these keys, in an order that indexes have; from the very
-- beginning or end where they are null. Past the row-level wall, since LIKE and a computed key may not run before it; the
-- organisation is the caller's own setting.
create function walk_subscribers(
  p_waitlist_id text, p_sort text, p_backward boolean, p_key bigint, p_join_number bigint, p_limit integer, p_needle text
) returns table (sort_key bigint, join_number bigint)
language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_lowest constant bigint := -9223372036854775808;
  v_highest constant bigint := 9223372036854775807;
  v_pending constant bigint := 4503599627370496;
  v_end bigint := case when p_backward then v_highest else v_lowest end;
  v_key bigint := coalesce(p_key, v_end);
  v_join bigint := coalesce(p_join_number, v_end);
  -- Where the last part of an order goes on: everybody of it, those past the person, or nobody.
  v_rest bigint;
  v_op text := case when p_backward then '<' else '>' end;
  v_dir text := case when p_backward then 'desc' else 'asc' end;
  v_people text := 'from subscribers s where s.organisation_id = $1 and s.waitlist_id = $2'
    || case when p_needle <> '' then ' and lower(s.email) like $6' else '' end;
  v_parts text[];
begin
  if p_sort = 'joined' then
    v_parts := array[format('(select s.join_number::bigint as sort_key, s.join_number %s and s.join_number %s $4 order by s.join_number %s limit $5)',
                            v_people, v_op, v_dir)];
  elsif p_sort = 'referrals' then
    v_rest := case when v_key = 0 then v_join when v_key < 0 then v_lowest else v_highest end;
    v_parts := array[
      format('(select (-s.referral_count)::bigint as sort_key, s.join_number %s and s.referral_count > 0 and (-s.referral_count, s.join_number) %s ($3, $4) order by -s.referral_count %s, s.join_number %s limit $5)',
             v_people, v_op, v_dir, v_dir),
      format('(select 0, s.join_number %s and s.referral_count = 0 and s.join_number %s $7 order by s.join_number %s limit $5)',
             v_people, v_op, v_dir)];
  else
    v_rest := case when v_key = v_pending then v_join when v_key < v_pending then v_lowest else v_highest end;
    v_parts := array[
      -- Of the same key, whoever was not moved stands before those who were.
      format('(select s.join_number as sort_key, s.join_number %s and s.state = ''active'' and s.priority_score = 0 and s.join_number %s $8 order by s.join_number %s limit $5)',
             v_people, v_op, v_dir),
      format('(select s.line_key, s.join_number %s and s.state = ''active'' and s.priority_score > 0 and (s.line_key, s.join_number) %s ($3, $4) order by s.line_key %s, s.join_number %s limit $5)',
             v_people, v_op, v_dir, v_dir),
      format('(select 4503599627370496, s.join_number %s and s.state = ''pending'' and s.join_number %s $7 order by s.join_number %s limit $5)',
             v_people, v_op, v_dir)];
  end if;
  return query execute format('select * from (%s) parts order by sort_key %s, join_number %s limit $5',
                              array_to_string(v_parts, ' union all '), v_dir, v_dir)
    using current_setting('app.organisation_id', true), p_waitlist_id, v_key, v_join, p_limit, like_pattern(p_needle), v_rest,
          case when p_backward and v_join > v_key and v_key < v_highest then v_key + 1 else v_key end;
end $$;

create function like_pattern(p_needle text) returns text language sql immutable as $$
  select '%' || replace(replace(replace(p_needle, '\', '\\'), '%', '\%'), '_', '\_') || '%'
$$;

-- Everybody whose e-mail address contains `p_needle` (lower case), counted, and one page of them: for those that are few.
create function find_subscribers(
  p_waitlist_id text, p_needle text, p_sort text, p_backward boolean, p_offset bigint, p_limit integer,
  out total bigint, out join_numbers bigint[]
) language plpgsql volatile security definer set search_path = public, pg_temp as $$
declare
  v_dir text := case when p_backward then 'desc' else 'asc' end;
begin
  execute format(
    'with hits as materialized (
       select s.join_number, subscriber_sort_key($4, s.state, s.join_number, s.line_key, s.referral_count) as sort_key
       from subscribers s where s.organisation_id = $1 and s.waitlist_id = $2 and lower(s.email) like $3
     )
     select (select count(*) from hits),
            array(select h.join_number from hits h order by h.sort_key %s, h.join_number %s offset $5 limit $6)', v_dir, v_dir)
    into total, join_numbers
    using current_setting('app.organisation_id', true), p_waitlist_id, like_pattern(p_needle), p_sort, p_offset, p_limit;
end $$;

-- About how many e-mail addresses of a long waitlist contain `p_needle`: 256 people from each of 16 places are looked at.
create function estimate_subscribers_found(p_waitlist_id text, p_needle text) returns bigint
language sql volatile security definer set search_path = public, pg_temp as $$
  select (counters.listed * count(*) filter (where lower(sample.email) like like_pattern(p_needle)) / greatest(count(*), 1))::bigint
  from waitlist_counters counters cross join generate_series(0, 15) place(n) cross join lateral (
    select s.email from subscribers s
    where s.organisation_id = counters.organisation_id and s.waitlist_id = counters.waitlist_id
      and s.join_number > counters.last_join_number * place.n / 16
    order by s.join_number limit 256
  ) sample
  where counters.organisation_id = current_setting('app.organisation_id', true) and counters.waitlist_id = p_waitlist_id
  group by counters.listed
$$;

-- The keys to walk on from, so that the next person is the one at `p_offset` (0 is the first) in order of position.
create function walk_from_position(p_organisation_id text, p_waitlist_id text, p_offset bigint, out sort_key bigint, out join_number bigint)
language plpgsql stable as $$
declare
  v_counters waitlist_counters;
  v_rest bigint := p_offset;
  v_first bigint := -1 << 30;
  v_past bigint := 1 << 30;
  v_level smallint;
  v_found record;
begin
  select * into strict v_counters from waitlist_counters w
    where w.organisation_id = p_organisation_id and w.waitlist_id = p_waitlist_id;
  if p_offset >= v_counters.unmoved + v_counters.moved then
    sort_key := 4503599627370496;
    v_rest := p_offset - v_counters.unmoved - v_counters.moved;
    -- From the nearer end.
    if v_rest * 2 < v_counters.listed - v_counters.unmoved - v_counters.moved then
      select s.join_number - 1 into join_number from subscribers s
        where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.state = 'pending'
        order by s.join_number offset v_rest limit 1;
    else
      select s.join_number - 1 into join_number from subscribers s
        where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.state = 'pending'
        order by s.join_number desc offset greatest(v_counters.listed - 1 - p_offset, 0) limit 1;
    end if;
    join_number := case when p_offset < v_counters.listed then join_number else 9223372036854775807 end;
    return;
  end if;
  for v_level in reverse 4..1 loop
    select c.bucket, c.through - c.people as before into strict v_found from (
      select counts.bucket, counts.unmoved + counts.moved as people, sum(counts.unmoved + counts.moved) over (order by counts.bucket) as through
      from line_counts counts
      where counts.organisation_id = p_organisation_id and counts.waitlist_id = p_waitlist_id and counts.level = v_level
        and counts.bucket >= v_first and counts.bucket < v_past
    ) c where c.through > v_rest order by c.bucket limit 1;
    v_first := v_found.bucket << 6;
    v_past := (v_found.bucket + 1) << 6;
    v_rest := v_rest - v_found.before;
  end loop;
  select line.line_key, line.join_number - 1 into strict sort_key, join_number from (
    (select s.join_number as line_key, s.join_number from subscribers s
     where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.state = 'active' and s.priority_score = 0
       and s.join_number >= v_first and s.join_number < v_past)
    union all
    (select s.line_key, s.join_number from subscribers s
     where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.state = 'active' and s.priority_score > 0
       and s.line_key >= v_first and s.line_key < v_past)
  ) line order by line.line_key, line.join_number offset v_rest limit 1;
  -- Before an unmoved person stands nobody with the same key.
  if join_number < sort_key then
    sort_key := sort_key - 1;
    join_number := 9223372036854775807;
  end if;
end $$;

-- The numbers of the rows of the log that tell how somebody came to stand in line. Those who came with a file have none of
-- their own; it is that of the import.
create function activities_of_subscriber(p_subscriber_id bigint) returns setof bigint language plpgsql stable as $$
declare
  v_organisation_id text := current_setting('app.organisation_id', true);
begin
  return query select a.number from activities a
    where a.organisation_id = v_organisation_id and a.target_id = p_subscriber_id::text
      and a.action in ('subscriber.joined', 'subscriber.confirmed');
end $$;

revoke execute on function walk_subscribers, find_subscribers, estimate_subscribers_found from public;
grant execute on function walk_subscribers, find_subscribers, estimate_subscribers_found to :app_role;

-- Setting up a waitlist: the number of the activity that changed it last. Of two people who edit, the later one finds another
-- number than the one they began with.
alter table waitlists add column version bigint not null default 0;

-- Organisations: addresses that stay, and a week to change one's mind ------------------------------------------------

-- Every slug that an organisation has or had; none is ever given to another one.
create table organisation_slugs (
  slug text collate "C" primary key,
  organisation_id text collate "C" not null references organisations on delete cascade
);
create index organisation_slugs_by_organisation on organisation_slugs (organisation_id);
grant select on organisation_slugs to :app_role;
insert into organisation_slugs select slug, id from organisations;

create function keep_slug() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into organisation_slugs as slugs (slug, organisation_id) values (new.slug, new.id)
    on conflict (slug) do update set slug = excluded.slug where slugs.organisation_id = excluded.organisation_id;
  if not found then
    raise exception 'the slug % is another organisation''s', new.slug using errcode = 'unique_violation', constraint = 'organisation_slugs_pkey';
  end if;
  return null;
end $$;
create trigger keep_slug after insert or update of slug on organisations for each row execute function keep_slug();

create index organisations_deleted on organisations (deleted_at) where deleted_at is not null;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['removal_keys', 'removed_subscribers'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('create policy own_organisation on %I using (organisation_id = (select current_setting(''app.organisation_id'', true)))', v_table);
  end loop;
end $$;
