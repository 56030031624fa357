import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { type AddOutcome, joinOpenWaitlist } from '../subscribers/add-subscriber.ts'
import type { ImportedPerson } from './decide-row.ts'
import type { Import } from './import.ts'

/**
 * Adds people of a file whose rows name each other by codes of the file's own, as an export of another waitlist does, or by
 * email: each stands for the code that its row's person has on this waitlist. One of no earlier row is ignored.
 */
export async function joinByCodes(
  ctx: TransactionContext,
  { id, waitlist_id }: Import,
  people: readonly ImportedPerson[],
): Promise<{ outcome: AddOutcome; item: string }[]> {
  const codes = await findCodes(
    ctx,
    id,
    people.flatMap(({ referralCode }) => referralCode ?? []),
  )
  const codesByEmail = await findCodesByEmail(
    ctx,
    waitlist_id,
    people.flatMap(({ referrer }) => referrer ?? []),
  )
  const codeOfReferrer = ({ referrer, fileCode, referralCode }: ImportedPerson) => {
    if (referrer) return codesByEmail.get(referrer) ?? null
    // Without codes of the file's own it is one of this waitlist.
    return fileCode === undefined ? (referralCode ?? null) : (codes.get(referralCode ?? '') ?? null)
  }
  const found: [fileCode: string, code: string][] = []
  const joined: { outcome: AddOutcome; item: string }[] = []
  let run: ImportedPerson[] = []
  const join = async () => {
    const rows = run.map((person) => ({ ...person, referralCode: codeOfReferrer(person) }))
    const answers = await joinOpenWaitlist(ctx, waitlist_id, rows, { logged: false })
    joined.push(...answers)
    for (const [i, { item }] of answers.entries()) {
      const { fileCode, email } = run[i] ?? {}
      const code = item === '' ? '' : (JSON.parse(item) as { referral_code: string }).referral_code
      if (email && code) codesByEmail.set(email.canonical, code)
      if (!fileCode || !code || codes.has(fileCode)) continue
      codes.set(fileCode, code)
      found.push([fileCode, code])
    }
    run = []
  }
  for (const person of people) {
    // Whoever is referred to must be there before.
    const { referralCode, referrer } = person
    if (run.some((one) => isNamed(one.fileCode, referralCode) || isNamed(one.email.canonical, referrer))) await join()
    run.push(person)
  }
  await join()
  await sql`insert into import_codes (organisation_id, import_id, file_code, code)
    select ${ctx.organisation.id}, ${id}, c.file_code, c.code
    from unnest(${found.map(([fileCode]) => fileCode)}::text[], ${found.map(([, code]) => code)}::text[]) c(file_code, code)
    on conflict do nothing`.execute(ctx.sql)
  return joined
}

function isNamed(own: string | undefined, referrer: string | null | undefined): boolean {
  return Boolean(referrer) && own === referrer
}

async function findCodesByEmail(
  ctx: TransactionContext,
  waitlistId: string,
  emails: string[],
): Promise<Map<string, string>> {
  if (emails.length === 0) return new Map()
  const rows = await ctx.sql
    .selectFrom('subscribers')
    .select(['canonical_email', 'referral_code'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('waitlist_id', '=', waitlistId)
    .where('canonical_email', 'in', emails)
    .execute()
  return new Map(rows.map(({ canonical_email, referral_code }) => [canonical_email, referral_code]))
}

async function findCodes(ctx: TransactionContext, id: string, fileCodes: string[]): Promise<Map<string, string>> {
  const rows = await ctx.sql
    .selectFrom('import_codes')
    .select(['file_code', 'code'])
    .where('organisation_id', '=', ctx.organisation.id)
    .where('import_id', '=', id)
    .where('file_code', 'in', ['', ...fileCodes])
    .execute()
  return new Map(rows.map(({ file_code, code }) => [file_code, code]))
}
