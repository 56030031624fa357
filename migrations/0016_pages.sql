-- Every list is read page by page, each page going on from a row of the one before: an index has its rows in that order.

create index waitlists_open on waitlists (organisation_id, created_at, id) where archived_at is null;
create index waitlists_archived on waitlists (organisation_id, archived_at, id) where archived_at is not null;

-- Owners first, then admins, in order of joining.
create function role_rank(p_role text) returns integer language sql immutable parallel safe as $$
  select case p_role when 'owner' then 1 when 'admin' then 2 else 3 end
$$;
create index members_by_role on members (organisation_id, role_rank(role), created_at, user_id);
-- Where somebody is a member, in order of joining.
drop index members_by_user;
create index members_by_user on members (user_id, created_at, organisation_id);

create index invitations_waiting on invitations (organisation_id, expires_at, id)
  where accepted_at is null and withdrawn_at is null;

create index api_keys_active on api_keys (organisation_id, created_at, id) where revoked_at is null;
create index api_keys_revoked on api_keys (organisation_id, revoked_at, id) where revoked_at is not null;
create index api_key_usage_reused on api_key_usage (organisation_id) where reuse_count > 0;

drop index sessions_by_user;
create index sessions_by_user on sessions (user_id, last_seen_at, id);

create index organisations_by_age on organisations (created_at, id);
