-- Counts by ranges of 64, 4,096, 262,144 and 16,777,216 numbers, so that a rank or the start of a page costs the reading
-- of some hundred small rows, however long the list is. Kept by the triggers below, in the same transaction as
-- the change and whatever path it takes; writers of an organisation are in a queue already (see organisation_counters).
create table line_counts (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  level smallint not null check (level between 1 and 4),
  bucket bigint not null,
  -- Everybody, by join number.
  listed integer not null,
  -- Active people whom no referral has moved, by join number, which is their place's key too.
  unmoved integer not null,
  -- Active people moved by referrals, by line key.
  moved integer not null,
  primary key (organisation_id, waitlist_id, level, bucket),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
) with (fillfactor = 50);

create table waitlist_counters (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  last_join_number bigint not null default 0,
  listed bigint not null default 0,
  unmoved bigint not null default 0,
  moved bigint not null default 0,
  primary key (organisation_id, waitlist_id),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
) with (fillfactor = 50);

-- How many joined a waitlist each day (UTC).
create table daily_joins (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  day date not null,
  joined integer not null,
  primary key (organisation_id, waitlist_id, day),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
) with (fillfactor = 50);

-- Everything that follows from people who join, in one statement: they are the most, and each statement has a price of its
-- own. The first of a range of a waitlist needs a new row of `line_counts`, whose foreign key tells that there is such a waitlist.
create function count_joined() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  with ranges as materialized (
    select organisation_id, waitlist_id, bucket, sum(listed)::integer as listed, sum(unmoved)::integer as unmoved,
           sum(moved)::integer as moved, max(join_number) as last_join_number
    from (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, 1 as listed,
             (state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved, join_number
      from new_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, 1, null from new_rows where state = 'active' and priority_score > 0
    ) r group by 1, 2, 3
  ), counted as (
    insert into line_counts as counts (organisation_id, waitlist_id, level, bucket, listed, unmoved, moved)
      select organisation_id, waitlist_id, level, bucket >> (6 * level - 6), sum(listed), sum(unmoved), sum(moved)
      from ranges, generate_series(1, 4) level group by 1, 2, 3, 4 order by 1, 2, 3, 4
      on conflict (organisation_id, waitlist_id, level, bucket) do update
        set listed = counts.listed + excluded.listed,
            unmoved = counts.unmoved + excluded.unmoved,
            moved = counts.moved + excluded.moved
  ), dated as (
    insert into daily_joins as days (organisation_id, waitlist_id, day, joined)
      select organisation_id, waitlist_id, (added_at at time zone 'UTC')::date, count(*) from new_rows group by 1, 2, 3 order by 1, 2, 3
      on conflict (organisation_id, waitlist_id, day) do update set joined = days.joined + excluded.joined
  )
  update waitlist_counters w
    set listed = w.listed + r.listed,
        unmoved = w.unmoved + r.unmoved,
        moved = w.moved + r.moved,
        last_join_number = greatest(w.last_join_number, r.last_join_number)
    from (
      select organisation_id, waitlist_id, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved,
             max(last_join_number) as last_join_number
      from ranges group by 1, 2
    ) r where w.organisation_id = r.organisation_id and w.waitlist_id = r.waitlist_id;
  return null;
end $$;

-- Adds to the counts of a range of 64 and of the larger ones around it, and to the waitlist's. Each row stands twice: by its
-- join number, and, once moved, by its line key.
create function count_range(
  p_organisation_id text, p_waitlist_id text, p_bucket bigint, p_listed bigint, p_unmoved bigint, p_moved bigint,
  p_last_join_number bigint
) returns void language plpgsql as $$
begin
  insert into line_counts as counts (organisation_id, waitlist_id, level, bucket, listed, unmoved, moved)
    values (p_organisation_id, p_waitlist_id, 1, p_bucket, p_listed, p_unmoved, p_moved),
           (p_organisation_id, p_waitlist_id, 2, p_bucket >> 6, p_listed, p_unmoved, p_moved),
           (p_organisation_id, p_waitlist_id, 3, p_bucket >> 12, p_listed, p_unmoved, p_moved),
           (p_organisation_id, p_waitlist_id, 4, p_bucket >> 18, p_listed, p_unmoved, p_moved)
    on conflict (organisation_id, waitlist_id, level, bucket) do update
      set listed = counts.listed + excluded.listed,
          unmoved = counts.unmoved + excluded.unmoved,
          moved = counts.moved + excluded.moved;
  update waitlist_counters w
    set listed = w.listed + p_listed,
        unmoved = w.unmoved + p_unmoved,
        moved = w.moved + p_moved,
        last_join_number = greatest(w.last_join_number, p_last_join_number)
    where w.organisation_id = p_organisation_id and w.waitlist_id = p_waitlist_id;
end $$;

create function count_left() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  perform count_range(c.organisation_id, c.waitlist_id, c.bucket, c.listed, c.unmoved, c.moved, null) from (
    select organisation_id, waitlist_id, bucket, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved
    from (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, -1 as listed,
             -(state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved
      from old_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, -1 from old_rows where state = 'active' and priority_score > 0
    ) r group by 1, 2, 3 order by 1, 2, 3
  ) c;
  return null;
end $$;

create function count_changed() returns trigger
language plpgsql security definer set search_path = public, pg_temp set plan_cache_mode = force_generic_plan as $$
begin
  perform count_range(c.organisation_id, c.waitlist_id, c.bucket, c.listed, c.unmoved, c.moved, c.last_join_number) from (
    select organisation_id, waitlist_id, bucket, sum(listed) as listed, sum(unmoved) as unmoved, sum(moved) as moved,
           max(join_number) as last_join_number
    from (
      select organisation_id, waitlist_id, join_number >> 6 as bucket, 1 as listed,
             (state = 'active' and priority_score = 0)::integer as unmoved, 0 as moved, join_number
      from new_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, 1, null from new_rows where state = 'active' and priority_score > 0
      union all
      select organisation_id, waitlist_id, join_number >> 6, -1, -(state = 'active' and priority_score = 0)::integer, 0, null
      from old_rows
      union all
      select organisation_id, waitlist_id, line_key >> 6, 0, 0, -1, null from old_rows where state = 'active' and priority_score > 0
    ) r group by 1, 2, 3
    having sum(listed) <> 0 or sum(unmoved) <> 0 or sum(moved) <> 0
    order by 1, 2, 3
  ) c;
  return null;
end $$;

create trigger count_joined after insert on subscribers
  referencing new table as new_rows for each statement execute function count_joined();
create trigger count_left after delete on subscribers
  referencing old table as old_rows for each statement execute function count_left();
create trigger count_changed after update on subscribers
  referencing old table as old_rows new table as new_rows for each statement execute function count_changed();

-- As a foreign key with a cascade would.
create function remove_people_of_waitlist() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  delete from subscribers where organisation_id = old.organisation_id and waitlist_id = old.id;
  return old;
end $$;
create trigger remove_people before delete on waitlists for each row execute function remove_people_of_waitlist();

create function open_waitlist_counter() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  insert into waitlist_counters (organisation_id, waitlist_id) values (new.organisation_id, new.id);
  return null;
end $$;
create trigger open_counter after insert on waitlists for each row execute function open_waitlist_counter();

-- How many stand before the first number of a range of 64: the unmoved by join number, the moved by line key.
create function people_before_range(p_organisation_id text, p_waitlist_id text, p_bucket bigint) returns bigint
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  v_people bigint;
begin
  -- Each part by itself: joined at once, a small waitlist's plan reads all counts, and a kept plan stays what it is.
  select coalesce(sum(part.people), 0) into v_people
    from (values (4::smallint, -1::bigint << 40, p_bucket >> 18), (3::smallint, (p_bucket >> 18) << 6, p_bucket >> 12),
                 (2::smallint, (p_bucket >> 12) << 6, p_bucket >> 6), (1::smallint, (p_bucket >> 6) << 6, p_bucket)
         ) range(level, first, past),
         lateral (
           select sum(c.unmoved + c.moved) as people from line_counts c
           where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id
             and c.level = range.level and c.bucket >= range.first and c.bucket < range.past
         ) part;
  return v_people;
end $$;

-- The place in line (1 is next) of an active person: order of (join number - priority score), then join number.
create function place_in_line(
  p_organisation_id text, p_waitlist_id text, p_join_number bigint, p_priority_score integer
) returns bigint language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  v_key bigint := p_join_number - p_priority_score;
  v_range bigint := v_key >> 6;
begin
  -- With the same key an unmoved person joined earlier, and so did a moved one with a lower join number.
  return 1 + people_before_range(p_organisation_id, p_waitlist_id, v_range) + (
    select count(*) from subscribers s
    where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id
      and s.join_number >= v_range << 6 and s.join_number <= v_key and s.join_number < p_join_number
      and s.state = 'active' and s.priority_score = 0
  ) + (
    select count(*) from subscribers s
    where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id
      and s.line_key >= v_range << 6 and s.line_key <= v_key and (s.line_key < v_key or s.join_number < p_join_number)
      and s.state = 'active' and s.priority_score > 0
  );
end $$;

-- The join number of the person at `p_offset` (0 is the first) in order of joining; null past the end.
create function join_number_at(p_organisation_id text, p_waitlist_id text, p_offset bigint) returns bigint
language plpgsql stable set plan_cache_mode = force_generic_plan as $$
declare
  v_counters waitlist_counters;
  v_rest bigint := p_offset;
  v_first bigint := 0;
  v_past bigint := 1 << 30;
  v_found bigint;
  v_level smallint;
  v_before bigint;
begin
  select * into v_counters from waitlist_counters w
    where w.organisation_id = p_organisation_id and w.waitlist_id = p_waitlist_id;
  if not found or p_offset >= v_counters.listed then
    return null;
  end if;
  -- Nobody has left: the numbers have no gap.
  if v_counters.listed = v_counters.last_join_number then
    return p_offset + 1;
  end if;
  for v_level in reverse 4..1 loop
    select c.bucket, c.before into strict v_found, v_before from (
      select counts.bucket, sum(counts.listed) over (order by counts.bucket) as through,
             sum(counts.listed) over (order by counts.bucket) - counts.listed as before
      from line_counts counts
      where counts.organisation_id = p_organisation_id and counts.waitlist_id = p_waitlist_id and counts.level = v_level
        and counts.bucket >= v_first and counts.bucket < v_past
    ) c where c.through > v_rest order by c.bucket limit 1;
    v_first := v_found << 6;
    v_past := (v_found + 1) << 6;
    v_rest := v_rest - v_before;
  end loop;
  select s.join_number into strict v_found from subscribers s
    where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id and s.join_number >= v_first
    order by s.join_number offset v_rest limit 1;
  return v_found;
end $$;

-- Referral codes: a keyed permutation of the join number (a Feistel network over two digits of 31^3, so it never collides
-- and never leaves six characters), written in the 31 characters without 0 O 1 I L.
create function referral_round(p_key bytea, p_round integer, p_half integer) returns integer
language sql immutable parallel safe as $$
  select (('x' || encode(substr(sha256(p_key || int4send(p_round) || int4send(p_half)), 1, 4), 'hex'))::bit(32)::bigint % 29791)::integer
$$;

create function referral_code(p_key bytea, p_join_number bigint) returns text language plpgsql immutable parallel safe as $$
declare
  v_left integer := p_join_number / 29791;
  v_right integer := p_join_number % 29791;
  v_digits constant text := '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
begin
  if p_join_number < 0 or p_join_number >= 887503681 then
    raise exception 'join number % has no referral code', p_join_number;
  end if;
  for v_round in 1..2 loop
    v_left := (v_left + referral_round(p_key, 2 * v_round - 1, v_right)) % 29791;
    v_right := (v_right + referral_round(p_key, 2 * v_round, v_left)) % 29791;
  end loop;
  return substr(v_digits, v_left / 961 + 1, 1) || substr(v_digits, v_left / 31 % 31 + 1, 1) || substr(v_digits, v_left % 31 + 1, 1)
      || substr(v_digits, v_right / 961 + 1, 1) || substr(v_digits, v_right / 31 % 31 + 1, 1) || substr(v_digits, v_right % 31 + 1, 1);
end $$;

-- The join number behind a code, in any case; null for what is no code.
create function referral_join_number(p_key bytea, p_code text) returns bigint language plpgsql immutable parallel safe as $$
declare
  v_value bigint := 0;
  v_left integer;
  v_right integer;
begin
  if p_code is null or upper(p_code) !~ '^[23456789ABCDEFGHJKMNPQRSTUVWXYZ]{6}$' then
    return null;
  end if;
  for i in 1..6 loop
    v_value := v_value * 31 + strpos('23456789ABCDEFGHJKMNPQRSTUVWXYZ', substr(upper(p_code), i, 1)) - 1;
  end loop;
  v_left := v_value / 29791;
  v_right := v_value % 29791;
  for v_round in reverse 2..1 loop
    v_right := (v_right - referral_round(p_key, 2 * v_round, v_left) + 29791) % 29791;
    v_left := (v_left - referral_round(p_key, 2 * v_round - 1, v_right) + 29791) % 29791;
  end loop;
  return v_left::bigint * 29791 + v_right;
end $$;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['line_counts', 'waitlist_counters', 'daily_joins'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('create policy own_organisation on %I using (organisation_id = (select current_setting(''app.organisation_id'', true)))', v_table);
  end loop;
end $$;
grant select on line_counts, waitlist_counters, daily_joins to :app_role;
