import { sql } from 'kysely'
import type { TransactionContext } from '../../platform/context.ts'

export interface ChainLink {
  number: number
  /** To the microsecond, as the hash has it. */
  occurred_at: string
  /** In hex; null while the row is not chained yet. */
  hash: string | null
  previous_hash: string | null
}

/** What the rows of those numbers are chained by. */
export async function findChainLinks(ctx: TransactionContext, numbers: number[]): Promise<Map<number, ChainLink>> {
  const id = ctx.organisation.id
  const { rows } = await sql<ChainLink>`
    select a.number, to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as occurred_at,
           encode(own.hash, 'hex') as hash,
           encode(coalesce(previous.hash, case when a.number = start.last_number + 1 then start.last_hash end), 'hex') as previous_hash
    from activity_chain_start(${id}) start cross join activities a
      left join activity_hashes own on own.organisation_id = a.organisation_id and own.number = a.number
      left join activity_hashes previous on previous.organisation_id = a.organisation_id and previous.number = a.number - 1
    where a.organisation_id = ${id} and a.number = any (${numbers}::bigint[])`.execute(ctx.sql)
  return new Map(rows.map((row) => [row.number, row]))
}
