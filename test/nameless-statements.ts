/** Statements on tenants' tables that are about no one organisation, with the reason. Whoever adds one says why here. */
const nameless: { why: string; statements: RegExp[] }[] = [
  {
    why: 'they find the organisation, or tell which ones a person belongs to',
    statements: [
      /^select "slug" from "organisation_slugs" where "slug" = \$1$/,
      /^select "o".* from "organisation_slugs" as "s" inner join "organisations" as "o" .* where "s"\."slug" = \$1$/,
      /^select "o".* from "members" as "m" inner join "organisations" as "o" .* where "m"\."user_id" = \$1(?: |$)/,
      /^select "i".* from "invitations" as "i" inner join "organisations" as "o" .* where "i"\."token_hash" in \(/,
    ],
  },
  {
    why: 'jobs ask by them which organisations have something to do, and do it within each',
    statements: [
      /^select counter\.organisation_id as id from organisation_counters counter left join activity_chains chain /,
      /^select \* from "removal_keys" where "secret_version" <> \$1$/,
      /^select organisation_id, id from imports i where file_deleted_at is not null and exists \( select from "\w+" p where /,
      /^select "organisation_id", "id" from "imports" where "state" = \$1 and "reading" is null$/,
      /^update imports set run = run \+ 1, .* returning organisation_id, id as import_id, run$/,
      /^select "organisation_id" from "billing_accounts" where \("last_answer" < "last_question" or "checked_at" < /,
      /^select "b"\."organisation_id", "b"\."customer_id", .* from "billing_accounts" as "b" inner join "organisations" as "o" /,
    ],
  },
  {
    why: 'jobs drop by them what is too old, whosesoever it is',
    statements: [
      /^delete from (?:import_codes|idempotency_answers) where ctid in \( select (?:c\.)?ctid from .* limit \$\d/,
      /^delete from imports where state in \('uploading', 'uploaded'\) and created_at < /,
      /^update imports set file_deleted_at = clock_timestamp\(\) where finished_at < .* and file_deleted_at is null$/,
      /^update imports set started_by = started_by - '\{ip,user_agent\}'::text\[\] where .* created_at < /,
      /^delete from form_submissions where created_at < clock_timestamp\(\) - interval '1 day'$/,
      /^delete from billing_events where applied_at < /,
    ],
  },
  {
    why: '"queueup doctor" holds all rows against what must always be true, and changes none',
    statements: [
      /^select count\(\*\) from "\w+" c where c\."\w+" is not null .*and not exists \(select from "\w+" p where /,
      /^select 'The database' as what, secret_version as version, 0 as count from installation union all /,
      /^select o\.slug \|\| ' has no counter\.' as what from organisations o /,
      /^select organisation_id, min\(number\) as number from \( select .* over \(partition by organisation_id /,
      /^with (?:people|marks|line) as \( select organisation_id, waitlist_id, .* from subscribers /,
    ],
  },
  {
    why: 'a backup is of everything',
    statements: [/^copy \(?.* to stdout/i, /^copy .* from stdin/i],
  },
]

const isAccess = /^(?:select|with|insert|update|delete|merge|copy|values|truncate)\b/i

/** A statement as one line without comments. */
export function asLine(text: string): string {
  return text.replace(/--.*$/gm, '').replace(/\s+/g, ' ').trim()
}

/** Whether a statement need name no organisation: it is one of those, or says how tables are made and not what is in them. */
export function mayNameNobody(line: string): boolean {
  return !isAccess.test(line) || nameless.some(({ statements }) => statements.some((one) => one.test(line)))
}
