import { createReadStream } from 'node:fs'
import { z } from 'zod'
import { AppError } from '../../platform/errors.ts'
import { hashActivity, noHash } from './activity-hash.ts'
import type { ChainHead } from './chain-head.ts'
import type { Verification } from './verify-activities.ts'

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .nullable()
const text = z.string().nullable()
const ownMembers = {
  ...{
    organisation_id: z.string(),
    number: z.int().min(1),
    id: z.string(),
    occurred_at: z.string(),
    action: z.string(),
  },
  ...{ targets: z.unknown(), changes: z.unknown(), request_id: text, ip: text, user_agent: text },
  ...{ previous_hash: hash, hash },
}
const logLine = z.strictObject({
  ...ownMembers,
  actor: z.strictObject({ type: z.string(), id: text, name: z.string() }),
})
/** Of an organisation's archive, where a line has the columns of its table. */
const archiveLine = z
  .strictObject({ ...ownMembers, actor_type: z.string(), actor_id: text, actor_name: z.string() })
  .transform(({ actor_type, actor_id, actor_name, ...line }) => ({
    ...line,
    actor: { type: actor_type, id: actor_id, name: actor_name },
  }))
const lineSchema = z.union([logLine, archiveLine])
type Line = z.infer<typeof lineSchema>

/**
 * Follows the chain of a file that the log was exported to as JSON Lines, newest row first, by the file alone; an
 * organisation's archive has one too. `known` is a head noted earlier, of a row of the file or of the one before its oldest.
 * A filtered file leaves rows out: then each row is held against its own hash only.
 * @throws AppError `validation_failed` for a file that cannot be read.
 */
export async function verifyActivityFile(
  path: string,
  { known, filtered = false }: { known?: ChainHead | undefined; filtered?: boolean },
): Promise<Verification> {
  const found: Verification = {
    ...{ organisation_id: '', first: 0, last: 0, unchained: 0, head: { number: 0, hash: '' }, problem: null },
  }
  const fail = (number: number, what: string) => ({ ...found, problem: { number, what } })
  let newer: Line | undefined
  let seen = false
  for await (const raw of readLines(path)) {
    const line = readLine(raw)
    if (!line)
      return fail(
        newer ? newer.number - 1 : 0,
        'is not a whole row of an exported log: the file was cut off or changed',
      )
    const what = judge(line, newer, filtered)
    if (what) return fail(what.number, what.what)
    found.organisation_id ||= line.organisation_id
    found.last ||= line.number
    found.first = line.number
    if (line.hash === null) found.unchained++
    else if (found.head.number === 0) found.head = { number: line.number, hash: line.hash }
    if (line.number === known?.number) {
      seen = true
      if (line.hash !== known.hash) return fail(line.number, 'has another hash than the head that was noted')
    }
    newer = line
  }
  if (known && newer?.previous_hash && known.number === found.first - 1)
    return newer.previous_hash === known.hash ? found : fail(found.first, 'does not go on from the head that was noted')
  if (known && !seen && known.number > found.last)
    return fail(found.last + 1, `is missing, and all up to row ${known.number}, the head that was noted`)
  if (known && !seen && !filtered) return fail(known.number, 'is the head that was noted, and is not in the file')
  return found
}

function judge(line: Line, newer: Line | undefined, filtered: boolean): { number: number; what: string } | undefined {
  if (newer && line.organisation_id !== newer.organisation_id)
    return { number: line.number, what: 'is another organisation’s' }
  if (newer && line.number === newer.number) return { number: line.number, what: 'is there twice' }
  if (newer && line.number > newer.number)
    return { number: line.number, what: `stands after row ${newer.number}: rows were reordered` }
  if (newer && line.number < newer.number - 1 && !filtered)
    return { number: newer.number - 1, what: 'is missing (if the export was filtered, add --filtered)' }
  if (line.hash === null || line.previous_hash === null) {
    if (newer?.hash) return { number: line.number, what: 'has no hash, and a newer row has one' }
    return undefined
  }
  if (newer?.previous_hash && line.number === newer.number - 1 && newer.previous_hash !== line.hash)
    return { number: line.number, what: 'has another hash than the row after it says' }
  if (line.number === 1 && line.previous_hash !== noHash) return { number: 1, what: 'does not begin a log' }
  if (hashActivity(line.previous_hash, line) !== line.hash)
    return { number: line.number, what: 'was altered: it does not fit its hash' }
  return undefined
}

function readLine(raw: string): Line | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(raw)).data
  } catch {
    return undefined
  }
}

/** Lines end with a line feed alone: a row's text may hold what else is taken for the end of one. */
async function* readLines(path: string): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const piece of createReadStream(path, 'utf8')) {
      const lines = (rest + piece).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new AppError('validation_failed', `${path} cannot be read: ${error.message}.`)
    throw error
  }
  if (rest !== '') yield rest
}
