-- How many of a waitlist have a join number below `p_number`.
create function listed_before(p_organisation_id text, p_waitlist_id text, p_number bigint) returns bigint
language sql stable as $$
  select coalesce(sum(part.listed), 0)::bigint
  from (
    select sum(c.listed) as listed from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 3
        and c.bucket < p_number >> 24
    union all
    select sum(c.listed) from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 2
        and c.bucket >= (p_number >> 24) << 8 and c.bucket < p_number >> 16
    union all
    select sum(c.listed) from line_counts c
      where c.organisation_id = p_organisation_id and c.waitlist_id = p_waitlist_id and c.level = 1
        and c.bucket >= (p_number >> 16) << 8 and c.bucket < p_number >> 8
    union all
    select count(*) from subscribers s
      where s.organisation_id = p_organisation_id and s.waitlist_id = p_waitlist_id
        and s.join_number >= (p_number >> 8) << 8 and s.join_number < p_number
  ) part
$$;

-- The token of a person's status page: 128 bits that nobody can guess without the waitlist's own key, the same every time,
-- so that an export can name it, and not bound to SECRET_KEY, whose rotation must not break links that people keep.
create function status_token(p_key bytea, p_join_number bigint) returns text language sql immutable parallel safe as $$
  select encode(substr(sha256(p_key || convert_to('status', 'UTF8') || int8send(p_join_number)), 1, 16), 'hex')
$$;
