import { sql } from 'kysely'
import { type Context, inSnapshot, type TransactionContext } from '../../platform/context.ts'
import { AppError } from '../../platform/errors.ts'
import { hashCanonical, noHash } from './activity-hash.ts'
import type { ChainHead } from './chain-head.ts'

const pageRows = 5_000

/** What became of a check. `problem` is a sentence about the first row that is not as it was written. */
export interface Verification {
  organisation_id: string
  /** Numbers of the rows that were looked at, up to the problem. */
  first: number
  last: number
  /** Rows newer than the chain, whose turn comes within seconds. */
  unchained: number
  head: ChainHead
  problem: { number: number; what: string } | null
}

/** Where the counter and the chain say that the log ends. */
interface Ends {
  counted: number
  chained: number | null
  hash: string | null
}

interface Link {
  number: number
  /** The row as hashed; null where there is none. */
  text: string | null
  /** Null where the row is not chained. */
  hash: string | null
  /** Whether the columns that repeat `targets` do so. */
  repeated: boolean
}

/**
 * Follows the chain of an organisation's log from the tombstone on, one snapshot of it, and stops at the first row that was
 * altered, taken away, put in or moved. `known` is a head noted earlier: without one, nobody can tell that the newest rows
 * went together with their hashes.
 * @throws AppError `validation_failed` for a head whose row is deleted.
 */
export async function verifyActivities(ctx: Context, known?: ChainHead): Promise<Verification> {
  return inSnapshot(ctx, (ctx) => followChain(ctx, known))
}

/** What there is to know of whose log it is. */
type Within = Pick<TransactionContext, 'sql'> & { organisation: { id: string } }

/** The same, of the organisation that is named, in a snapshot that is there already. */
export async function followChain(ctx: Within, known?: ChainHead): Promise<Verification> {
  const start = await findStart(ctx)
  const found: Verification = {
    organisation_id: ctx.organisation.id,
    ...{ first: start.number + 1, last: start.number, unchained: 0, head: start, problem: null },
  }
  const fail = (number: number, what: string) => ({ ...found, problem: { number, what } })
  if (known && known.number < start.number)
    throw new AppError(
      'validation_failed',
      `Row ${known.number} is deleted, as all up to row ${start.number} are: give a newer head.`,
    )
  if (known?.number === start.number && known.hash !== start.hash) return fail(known.number, otherHash)
  for (let page = await readPage(ctx, start.number); page.length > 0; page = await readPage(ctx, found.last)) {
    const lastHashed = page.findLastIndex(({ hash }) => hash !== null)
    for (const [i, link] of page.entries()) {
      const what = judge(found, link, i < lastHashed, () => page.slice(i))
      if (what) return fail(Math.min(found.last + 1, link.number), what)
      found.last = link.number
      if (link.hash === null) found.unchained++
      else found.head = { number: link.number, hash: link.hash }
      if (link.number === known?.number && link.hash !== known.hash) return fail(link.number, otherHash)
    }
  }
  const ends = await findEnds(ctx)
  const lost = Math.max(ends.counted, ends.chained ?? 0, known?.number ?? 0)
  if (lost > found.last)
    return fail(found.last + 1, `is missing${lost > found.last + 1 ? `, and the rows up to ${lost}` : ''}`)
  if (ends.counted < found.last) return fail(ends.counted + 1, 'was put in: the organisation has not counted it')
  if (ends.chained !== null && (ends.chained !== found.head.number || ends.hash !== found.head.hash))
    return fail(found.head.number, 'is the last that has a hash, and the chain’s head is another')
  return found
}

const otherHash = 'has another hash than the head that was noted'

function judge(
  { last, head, unchained }: Verification,
  link: Link,
  hashesFollow: boolean,
  rest: () => Link[],
): string | undefined {
  if (link.number !== last + 1) return 'is missing'
  if (link.text === null) return 'is missing: only its hash is there'
  if (!link.repeated) return 'was altered: what it is found by is not what it is about'
  if (link.hash === null) return hashesFollow ? 'has no hash: it was put in, or its hash was taken away' : undefined
  if (unchained > 0) return 'has a hash, and the row before it has none'
  if (hashCanonical(head.hash, link.text) === link.hash) return undefined
  const moved = rest().find(({ text }) => text && hashCanonical(head.hash, renumbered(text, link.number)) === link.hash)
  return moved ? `was moved: it stands as row ${moved.number} now` : 'was altered: it does not fit its hash'
}

/** A row's text as it would be under another number; it begins with the id, which ends with the number. */
function renumbered(text: string, number: number): string {
  const from = /"number": (\d+)/.exec(text)?.[1] ?? ''
  return text
    .replace(/^\{"id": "(\w+)"/, (_, id: string) => `{"id": "${id.slice(0, -from.length)}${number}"`)
    .replace(`"number": ${from}`, `"number": ${number}`)
}

async function findStart(ctx: Within): Promise<ChainHead> {
  const { rows } = await sql<ChainHead>`
    select last_number as number, encode(last_hash, 'hex') as hash from activity_chain_start(${ctx.organisation.id})`.execute(
    ctx.sql,
  )
  return rows[0] ?? { number: 0, hash: noHash }
}

async function findEnds(ctx: Within): Promise<Ends> {
  const { rows } = await sql<Ends>`
    select counter.last_activity_number as counted, chain.last_number as chained, encode(chain.last_hash, 'hex') as hash
    from organisation_counters counter left join activity_chains chain on chain.organisation_id = counter.organisation_id
    where counter.organisation_id = ${ctx.organisation.id}`.execute(ctx.sql)
  return rows[0] ?? { counted: 0, chained: null, hash: null }
}

/** Rows and hashes by number, whichever of the two is there. The text is made here, not by a function of the database's. */
async function readPage(ctx: Within, after: number): Promise<Link[]> {
  const id = ctx.organisation.id
  const { rows } = await sql<Link>`
    select coalesce(a.number, h.number) as number, encode(h.hash, 'hex') as hash,
      coalesce(a.target_id is not distinct from a.targets -> 0 ->> 'id' and a.other_target_id is not distinct from a.targets -> 1 ->> 'id', true) as repeated,
      case when a.number is not null then jsonb_build_object(
        'organisation_id', a.organisation_id, 'number', a.number, 'id', a.id,
        'occurred_at', to_char(a.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'action', a.action,
        'actor_type', a.actor_type, 'actor_id', a.actor_id, 'actor_name', a.actor_name, 'targets', a.targets,
        'changes', a.changes, 'request_id', a.request_id, 'ip', a.ip, 'user_agent', a.user_agent)::text end as text
    from (select * from activities where organisation_id = ${id} and number > ${after} order by number limit ${pageRows}) a
      full join (select * from activity_hashes where organisation_id = ${id} and number > ${after} order by number limit ${pageRows}) h
      on h.number = a.number
    order by 1 limit ${pageRows}`.execute(ctx.sql)
  return rows
}
