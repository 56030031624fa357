import { execFileSync } from 'node:child_process'
import { chownSync, openSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../config.ts'
import { hasCode } from '../../files/has-code.ts'
import type { ClusterPlace } from './cluster-place.ts'

const maxBytes = 10 * 2 ** 20

/** The log of the embedded server, for its next start to write to. */
export interface ServerLog {
  path: string
  /** To be closed once the server has it. */
  file: number
  /** What was written since. */
  read(): string
}

/** Opens it, empty once it is long. One that another user left is replaced. */
export function openServerLog(place: ClusterPlace): ServerLog {
  const path = join(place.folder, 'postgres.log')
  const file = open(path)
  if (statSync(path).size > maxBytes) truncateSync(path)
  if (place.user) chownSync(path, place.user.uid, place.user.gid)
  const from = statSync(path).size
  return { path, file, read: () => readFileSync(path).subarray(from).toString('utf8') }
}

function open(path: string): number {
  try {
    return openSync(path, 'a', 0o600)
  } catch (error) {
    if (!hasCode(error, 'EACCES')) throw error
    rmSync(path)
    return openSync(path, 'a', 0o600)
  }
}

/** What a server that is going, or was killed, leaves for a moment. */
const passing = /pre-existing shared memory block|lock file "[^"]*" already exists|another (?:server|postmaster)/i

/**
 * Why a server did not start, by its log and by how it ended.
 * @throws ConfigError unless another attempt may succeed.
 */
export function requirePassing({ folder, binaries }: ClusterPlace, log: ServerLog, ended: string): string {
  const messages = [...log.read().matchAll(/^.*?(LOG|WARNING|ERROR|FATAL|PANIC): +(.*)$/gm)].map(([, level, text]) => ({
    level,
    text,
  }))
  const at = messages.findIndex(({ level }) => level === 'FATAL' || level === 'PANIC')
  const fatal = messages[at]?.text ?? log.read().trim().split('\n').at(-1)
  if (fatal && passing.test(fatal)) return fatal
  if (fatal?.startsWith('database files are incompatible with server')) {
    const version = readFileSync(join(folder, 'data', 'PG_VERSION'), 'utf8').trim()
    const ours = execFileSync(join(binaries.root, 'bin', 'postgres'), ['--version'], { encoding: 'utf8' })
    throw new ConfigError(
      `The embedded database was made by PostgreSQL ${version}, and this version of QueueUp brings PostgreSQL ${/[\d.]+/.exec(ours)?.[0]}. Make a backup with the version of QueueUp that used it last ("queueup backup FILE"), then restore it with this one into an empty DATA_DIR.`,
    )
  }
  // What is wrong in a file of settings stands in a line before the last.
  const [before] = messages
    .slice(0, Math.max(at, 0))
    .filter(({ text }) => /error|invalid|unrecognized|could not/i.test(text ?? ''))
  const told = [before?.text, fatal].filter(Boolean).join('; ')
  throw new ConfigError(`The embedded PostgreSQL does not start: ${told || ended}. Its log is ${log.path}.`)
}
