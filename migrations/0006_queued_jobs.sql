-- Work that follows from a change and is slow, mails above all: queued in the transaction of the change, done afterwards.
-- Payloads are encrypted under SECRET_KEY, since a mail holds a one-time token.
create table queued_jobs (
  id bigint generated always as identity primary key,
  name text not null,
  payload bytea not null,
  attempts integer not null default 0,
  run_at timestamptz not null default clock_timestamp(),
  created_at timestamptz not null default clock_timestamp()
);
create index queued_jobs_due on queued_jobs (run_at);
grant select, insert, update, delete on queued_jobs to :app_role;
