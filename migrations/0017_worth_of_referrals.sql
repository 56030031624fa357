-- A person's history tells how far each referral has moved them: credits keep the amount that counted when they were given.

-- What a referral was worth before its waitlist was set up anew: for whoever joined with this number or a lower one. Writers of
-- an organisation are in a queue, so that nobody joins at the same moment.
create table earlier_skip_amounts (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  last_join_number bigint not null,
  places integer not null,
  primary key (organisation_id, waitlist_id, last_join_number),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
);
-- Of those who waited for confirmation it counts when they were confirmed, which their number does not tell.
create table confirmed_referrals (
  organisation_id text collate "C" not null,
  waitlist_id text collate "C" not null,
  join_number bigint not null,
  places integer not null,
  primary key (organisation_id, waitlist_id, join_number),
  foreign key (organisation_id, waitlist_id) references waitlists on delete cascade
);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['earlier_skip_amounts', 'confirmed_referrals'] loop
    execute format('alter table %I enable row level security', v_table);
    execute format('create policy own_organisation on %I using (organisation_id = (select current_setting(''app.organisation_id'', true)))', v_table);
  end loop;
end $$;
grant select on earlier_skip_amounts, confirmed_referrals to :app_role;

create function keep_skip_amount() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  -- Changed twice while nobody joined, the first amount is the one that counted.
  insert into earlier_skip_amounts (organisation_id, waitlist_id, last_join_number, places)
    select c.organisation_id, c.waitlist_id, c.last_join_number, old.skip_amount from waitlist_counters c
    where c.organisation_id = old.organisation_id and c.waitlist_id = old.id
    on conflict do nothing;
  return null;
end $$;
create trigger keep_skip_amount after update of skip_amount on waitlists
  for each row when (old.skip_amount <> new.skip_amount) execute function keep_skip_amount();

create function keep_confirmed_referral() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into confirmed_referrals (organisation_id, waitlist_id, join_number, places)
    select w.organisation_id, w.id, new.join_number, case when w.referrals_enabled then w.skip_amount else 0 end from waitlists w
    where w.organisation_id = new.organisation_id and w.id = new.waitlist_id
    on conflict (organisation_id, waitlist_id, join_number) do update set places = excluded.places;
  return null;
end $$;
create trigger keep_confirmed_referral after update on subscribers
  for each row when (old.state = 'pending' and new.state = 'active' and new.referred_by is not null)
  execute function keep_confirmed_referral();
