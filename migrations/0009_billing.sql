-- Whom Stripe knows an organisation as, and what it last said of the subscription. Only where a checkout was begun.
create table billing_accounts (
  organisation_id text collate "C" primary key references organisations on delete cascade,
  customer_id text collate "C" not null unique,
  -- The checkout that was begun last. Of an organisation's checkouts one is open at most.
  checkout_session_id text collate "C",
  subscription_id text collate "C",
  -- Stripe's word: active, trialing, past_due, canceled …; null before the first subscription.
  status text collate "C",
  -- What the subscription gives now, which is what the organisation's plan was set to when it last changed.
  plan text not null default 'free',
  live_subscriptions integer not null default 0,
  past_due_since timestamptz,
  renews_at timestamptz,
  ends_at timestamptz,
  -- Whether Stripe was told to end it with what is paid, since the organisation is to be deleted.
  ends_with_organisation boolean not null default false,
  -- Every question to Stripe draws a number before it is asked. An answer counts only where none with a higher one has been
  -- applied, so that the order in which events, answers and processes come does not matter. One without an answer is asked again.
  last_question bigint not null default 0,
  last_answer bigint not null default 0,
  checked_at timestamptz not null default clock_timestamp()
);
create index billing_accounts_by_check on billing_accounts (checked_at);
create index billing_accounts_unanswered on billing_accounts (checked_at) where last_answer < last_question;
create index billing_accounts_in_arrears on billing_accounts (past_due_since) where past_due_since is not null;

-- Events that have been applied, so that a repeated one costs nothing. Pruned when Stripe has long stopped repeating.
create table billing_events (
  organisation_id text collate "C" not null references organisations on delete cascade,
  event_id text collate "C" not null,
  applied_at timestamptz not null default clock_timestamp(),
  primary key (organisation_id, event_id)
);
create index billing_events_by_time on billing_events (applied_at);

alter table billing_accounts enable row level security;
alter table billing_events enable row level security;
create policy own_organisation on billing_accounts
  using (organisation_id = (select current_setting('app.organisation_id', true)));
create policy own_organisation on billing_events
  using (organisation_id = (select current_setting('app.organisation_id', true)));
grant select, insert, update on billing_accounts to :app_role;
grant select, insert on billing_events to :app_role;

-- Customers of organisations that are gone, until their subscriptions are cancelled at Stripe, however long that takes.
create table departed_customers (
  customer_id text collate "C" primary key,
  departed_at timestamptz not null default clock_timestamp()
);

-- Here, so that no way of deleting an organisation can forget what it pays for.
create function note_departed_customer() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  insert into departed_customers (customer_id) values (old.customer_id) on conflict do nothing;
  return null;
end $$;
create trigger departs after delete on billing_accounts for each row execute function note_departed_customer();

-- An event names the customer, and so finds the organisation.
create function organisation_of_customer(p_customer_id text) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select organisation_id from billing_accounts where customer_id = p_customer_id
$$;
