-- People's sessions, passwords and one-time tokens, as better-auth keeps them. Session tokens and the names of one-time
-- tokens are stored as hashes only.
create table sessions (
  id text collate "C" primary key,
  user_id text collate "C" not null references users on delete cascade,
  token text collate "C" not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index sessions_by_user on sessions (user_id);

create table credentials (
  id text collate "C" primary key,
  user_id text collate "C" not null references users on delete cascade,
  account_id text not null,
  provider_id text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (provider_id, account_id)
);
create index credentials_by_user on credentials (user_id);

create table verifications (
  id text collate "C" primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index verifications_by_identifier on verifications (identifier);

grant select, insert, update, delete on sessions, credentials, verifications to :app_role;

-- What one form made: sent again, it makes nothing more.
create table form_submissions (
  organisation_id text collate "C" not null references organisations on delete cascade,
  form_nonce text collate "C" not null,
  made_id text not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (organisation_id, form_nonce)
);
create index form_submissions_by_age on form_submissions (created_at);
grant select, insert, delete on form_submissions to :app_role;
