-- When a session's person last proved who they are, and when the session was last used. Where from is in ip_address.
alter table sessions
  add column confirmed_at timestamptz not null default clock_timestamp(),
  add column last_seen_at timestamptz not null default clock_timestamp();
update sessions set confirmed_at = created_at, last_seen_at = updated_at;

-- A new address that waits for its mail to be answered: one a person, the newest.
create table email_changes (
  user_id text collate "C" primary key references users on delete cascade,
  email text not null,
  token_hash bytea not null unique,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);

-- The secret that a person's app makes codes of, encrypted under SECRET_KEY. Asked for at sign-in once it is confirmed.
create table two_factors (
  user_id text collate "C" primary key references users on delete cascade,
  secret bytea not null,
  -- Which SECRET_KEY encrypted it.
  secret_version text not null,
  -- A code counts for 30 seconds, its step. Those up to this one are used up.
  last_step bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  confirmed_at timestamptz
);

create table recovery_codes (
  user_id text collate "C" not null references two_factors on delete cascade,
  code_hash bytea not null,
  used_at timestamptz,
  primary key (user_id, code_hash)
);

grant select, insert, update, delete on email_changes, two_factors, recovery_codes to :app_role;
