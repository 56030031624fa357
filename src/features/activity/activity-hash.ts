import { createHash } from 'node:crypto'

/** A row of the log with everything that its hash covers, as an exported line has it. */
export interface ChainedRow {
  organisation_id: string
  number: number
  id: string
  /** To the microsecond. */
  occurred_at: string
  action: string
  actor: { type: string; id: string | null; name: string }
  targets: unknown
  changes: unknown
  request_id: string | null
  ip: string | null
  user_agent: string | null
}

/** What the first row of a log goes on from. */
export const noHash = '0'.repeat(64)

/** SHA-256, in hex, over the previous row's hash in hex, a line feed, and the row's canonical text. */
export function hashActivity(previousHash: string, row: ChainedRow): string {
  return hashCanonical(previousHash, toCanonicalText(row))
}

export function hashCanonical(previousHash: string, text: string): string {
  return createHash('sha256').update(`${previousHash}\n${text}`).digest('hex')
}

function toCanonicalText({ actor, ...row }: ChainedRow): string {
  const { organisation_id, number, id, occurred_at, action, targets, changes, request_id, ip, user_agent } = row
  return toJsonbText({
    ...{ organisation_id, number, id, occurred_at, action, targets, changes, request_id, ip, user_agent },
    ...{ actor_type: actor.type, actor_id: actor.id, actor_name: actor.name },
  })
}

/**
 * JSON as PostgreSQL writes jsonb, so that it can be made anew without a database: keys by their length in bytes and then by
 * their bytes, `, ` and `: ` between, numbers without an exponent.
 */
export function toJsonbText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toJsonbText).join(', ')}]`
  if (typeof value === 'number') return toPlainDecimal(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null)
  const entries = Object.entries(value).map(([key, member]) => ({ key, bytes: Buffer.from(key), member }))
  entries.sort((a, b) => a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes))
  return `{${entries.map(({ key, member }) => `${JSON.stringify(key)}: ${toJsonbText(member)}`).join(', ')}}`
}

function toPlainDecimal(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(JSON.stringify(value)) ?? []
  if (exponent === undefined) return JSON.stringify(value)
  const point = whole.length + Number(exponent)
  const digits = whole + fraction
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return point >= digits.length
    ? sign + digits.padEnd(point, '0')
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
