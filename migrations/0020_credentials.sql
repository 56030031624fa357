-- Counts the changes of a user's credentials. What a browser carries between password and code names the count it was made
-- under, so that it ends with the next change.
alter table users add column credentials_version integer not null default 0;

-- Browsers in which a user has signed in, the hash of their cookie's token only. Few a user; the least recently used goes.
create table trusted_devices (
  id text collate "C" primary key,
  user_id text collate "C" not null references users on delete cascade,
  token_hash bytea not null unique,
  created_at timestamptz not null default clock_timestamp(),
  last_used_at timestamptz not null default clock_timestamp()
);
create index trusted_devices_by_user on trusted_devices (user_id, last_used_at, id);
create index trusted_devices_by_age on trusted_devices (last_used_at);

-- Signing one browser out from another ends its trust as well.
alter table sessions add column trusted_device_id text collate "C" references trusted_devices on delete set null;
create index sessions_by_trusted_device on sessions (trusted_device_id) where trusted_device_id is not null;

-- A session ends 90 days after its sign-in, however it is used.
update sessions set expires_at = least(expires_at, created_at + interval '2160 hours');
alter table sessions add constraint sessions_end check (expires_at <= created_at + interval '2160 hours');

-- A secret that was shown to one session and not confirmed yet. It ends with that session.
create table pending_two_factors (
  session_id text collate "C" primary key references sessions on delete cascade,
  user_id text collate "C" not null references users on delete cascade,
  secret bytea not null,
  -- Which SECRET_KEY encrypted it.
  secret_version text not null,
  created_at timestamptz not null default clock_timestamp()
);
create index pending_two_factors_by_user on pending_two_factors (user_id);
delete from two_factors where confirmed_at is null;
alter table two_factors alter column confirmed_at set not null;

-- Links to choose a password. Those that were mailed prove the mailbox; the operator's do not.
create table reset_links (
  token_hash bytea primary key,
  user_id text collate "C" not null references users on delete cascade,
  is_mailed boolean not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);
create index reset_links_by_user on reset_links (user_id);
create index reset_links_by_age on reset_links (expires_at);
-- better-auth kept them here until now. None outlives an hour.
drop table verifications;

-- Sign-up links mailed before an account gave up its address lead nowhere. The address is a keyed hash, kept for a day.
create table ended_sign_ups (
  email_hash bytea primary key,
  ended_at timestamptz not null
);

grant select, insert, update, delete on trusted_devices, pending_two_factors, reset_links, ended_sign_ups to :app_role;
