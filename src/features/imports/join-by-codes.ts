import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'
import { type AddOutcome, joinOpenWaitlist } from '../subscribers/add-subscriber.ts'
import type { ImportedPerson } from './decide-row.ts'
import type { Import } from './import.ts'

/**
 * Adds people of a file whose rows name each other by codes of the file's own, as an export of another waitlist does: each
 * code stands for what its row's person has on this waitlist. A code of no earlier row is ignored.
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
  const found: [fileCode: string, code: string][] = []
  const joined: { outcome: AddOutcome; item: string }[] = []
  let run: ImportedPerson[] = []
  const join = async () => {
    const rows = run.map((person) => ({ ...person, referralCode: codes.get(person.referralCode ?? '') ?? null }))
    const answers = await joinOpenWaitlist(ctx, waitlist_id, rows, { logged: false })
    joined.push(...answers)
    for (const [i, { item }] of answers.entries()) {
      const fileCode = run[i]?.fileCode
      const code = item === '' ? '' : (JSON.parse(item) as { referral_code: string }).referral_code
      if (!fileCode || !code || codes.has(fileCode)) continue
      codes.set(fileCode, code)
      found.push([fileCode, code])
    }
    run = []
  }
  for (const person of people) {
    // Whoever is referred to must be there before.
    if (person.referralCode && run.some(({ fileCode }) => fileCode === person.referralCode)) await join()
    run.push(person)
  }
  await join()
  await sql`insert into import_codes (organisation_id, import_id, file_code, code)
    select ${ctx.organisation.id}, ${id}, c.file_code, c.code
    from unnest(${found.map(([fileCode]) => fileCode)}::text[], ${found.map(([, code]) => code)}::text[]) c(file_code, code)
    on conflict do nothing`.execute(ctx.sql)
  return joined
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
